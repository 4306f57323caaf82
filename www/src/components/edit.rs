//! The edits of a draft: which there are, the forms that ask for them, the list, and what becomes
//! of the image.
//!
//! ```text
//! AddEditMenu -> EditKind -> EditDialog (FormContext, maybe an Edit) -> Vec<Wanted> -> the page
//! the page: Edits -> EditList;  Change -> Becomes
//! ```
//!
//! Every form is a model, which is plain data and says what is [`Wanted`] or what is still missing,
//! and a view that shows and changes it.

mod add;
mod becomes;
mod check;
mod dialog;
mod diff;
mod duration;
mod fields;
mod files;
mod forms;
mod kind;
mod list;
mod part;
mod pickers;
mod row;
mod rows;
mod scope;
mod table;
mod wanted;
mod words;

pub use add::AddEditMenu;
pub use becomes::{Becomes, NewDigest};
pub use dialog::EditDialog;
pub use diff::DiffLines;
pub use drydock::edit::view::{ChildFacts, FormContext, LayerItem, PlatformFacts};
pub use drydock::edit::{Executable, FileTimes as Times, placed};
pub use kind::{EditKind, Group};
pub use list::{EditList, RowAct, keep_focus};
pub use row::EditRow;
pub use wanted::Wanted;
