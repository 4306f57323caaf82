//! The parts that every view is made of. They show what they are given and never fetch.
#![allow(
    clippy::needless_pass_by_value,
    unreachable_pub,
    reason = "a component owns its properties, and the macro makes its items pub"
)]

pub mod focus;
pub mod format;

mod badge;
mod card;
mod choose;
mod commands;
mod copy;
mod dialog;
mod digest;
mod divider;
mod edit;
mod finder;
mod finding;
mod frame;
mod graph;
mod icon;
mod identity;
mod json;
mod keys;
mod layer;
mod login;
mod long;
mod palette;
mod panel;
mod plan;
mod progress;
mod registries;
mod steps;
mod text;
mod window;
mod windowed;

pub use badge::{Badge, Trust, TrustBadge};
pub use card::{Card, Fact, Facts};
pub use choose::{Choice, ChooseButton, DropZone};
pub use commands::{CommandLine, CommandLines};
pub use copy::{CopyButton, copy_text};
pub use dialog::{Dialog, close_top};
pub use digest::DigestChip;
pub use divider::{Divider, Split};
pub use edit::{
    AddEditMenu, Becomes, ChildFacts, DiffLines, EditDialog, EditKind, EditList, EditRow,
    FormContext, Group, LayerItem, NewDigest, PlatformFacts, RowAct, Wanted, keep_focus,
};
pub use finding::FindingRow;
pub use frame::{CommandBar, TopBar, reference_field};
pub use graph::{GraphNode, GraphOutline, GraphPicture, MAX_DRAWN, Relation};
pub use icon::{Icon, Picture};
pub use identity::{Identity, PlatformChoice, Tab, Tabs, link_copied};
pub use json::{JsonView, LineMarks, TextView};
pub use keys::KeysDialog;
pub use layer::{LayerBar, LayerDot, LayerSize, layer_class};
pub use login::{ConsentDialog, GoesTo, Login, LoginAsk, LoginDialog, Tried};
pub use long::{Form, LongList, LongTable};
pub use palette::{Action, Palette};
pub use panel::{Empty, ErrorPanel, Meant, Problem};
pub use plan::{PlanRow, PlanRows, PlanStep, PlanSteps, StepState};
pub use progress::{Meter, MeterKind, ProgressRow, Transfer};
pub use registries::{KnownLogin, KnownRegistry, OnMachine, RegistriesDialog};
pub use steps::{Step, Steps};
pub use text::{ByteSize, Moment, OutLink, Time, Untrusted, is_zero_time, save_bytes};
pub use window::FEW;
pub use windowed::Windowed;
