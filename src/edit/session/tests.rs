use std::collections::BTreeMap;

use super::*;
use crate::edit::attempt::Refused;
use crate::edit::change::Change;
use crate::edit::family::Family;
use crate::edit::test_support::{entrypoint, kept, made, pinned, recipe_id};
use crate::edit::time::Time;
use crate::edit::{Contents, Context, Edit, Step, apply};

type Sut = Session<&'static str, &'static str>;

/// One thing that happens to a session.
#[derive(Clone, Copy)]
enum Happens {
    Open(&'static str),
    Found(u64, bool),
    Loaded(u64, bool),
    /// With so many layers still to be built.
    Answered(u64, usize),
    Refusal(u64),
    NoAnswer(u64),
    Built(u64),
    Finished(u64, bool),
    Edits,
    Target(&'static str),
    Stop,
    Retry,
    LookAt,
    Heard(u64),
    /// Somebody has kept this revision, with one edit more than the base.
    Theirs(u64),
    Kept(usize, Saved),
    NotSaved,
}

use Happens::{
    Answered, Built, Edits, Finished, Found, Heard, Loaded, LookAt, NoAnswer, NotSaved, Open,
    Refusal, Retry, Stop, Target, Theirs,
};

fn change(pending: usize) -> Arc<Change> {
    let base = Base::EmptyIndex { family: Family::Oci };
    let image = base.empty().expect("empty");
    let built = BTreeMap::new();
    let now = Time::from_unix(0).expect("1970");
    let context = Context { built: &built, now, bases: &[] };
    let mut change = apply(&image, &Draft::new(base), &context).expect("applies");
    change.pending = (0..pending).map(|at| recipe_id(&[at as u8])).collect();
    Arc::new(change)
}

fn answer(pending: usize) -> Answer {
    Answer { change: Some(change(pending)), ..Answer::default() }
}

fn refused() -> Answer {
    let refused = Refused { edit: Some(1), reason: String::new(), whole: String::new() };
    Answer { refused: Some(refused), ..answer(0) }
}

fn add(word: &str) -> Alteration {
    Alteration::Add(vec![entrypoint(word)], Contents::default())
}

fn happens(session: &mut Sut, what: Happens) -> Vec<Order> {
    match what {
        Open(name) => session.open(name.to_owned(), Some(Base::Image(pinned(b"base")))),
        Found(round, there) => session.found(round, there.then(kept).ok_or("no draft")),
        Loaded(round, there) => session.loaded(round, there.then_some("documents").ok_or("gone")),
        Answered(round, pending) => session.answered(round, Ok(answer(pending))),
        Refusal(round) => session.answered(round, Ok(refused())),
        NoAnswer(round) => session.answered(round, Err("worker")),
        Built(round) => session.built(round, recipe_id(&[0]), made(b"layer", &[]), 9),
        Finished(round, well) => session.finished(round, well.then_some(()).ok_or("no room")),
        Edits => session.alter(add("a"), 5),
        Target(target) => session.alter(Alteration::Target(target.to_owned()), 5),
        Stop => session.stop("stopped"),
        Retry => session.retry(),
        LookAt => session.look_at("linux/arm64".parse().ok()),
        Heard(revision) => session.heard("one", revision),
        Theirs(revision) => {
            let mut theirs = StoredDraft { revision, ..kept() };
            theirs.alter(&add("theirs"), 1);
            session.theirs(theirs)
        }
        Happens::Kept(unsaved, saved) => session.saved("one", unsaved, Ok(saved)),
        NotSaved => session.saved("one", 1, Err("no room")),
    }
}

fn find(round: u64) -> Order {
    Order::Find(round, "one".to_owned())
}

/// What happens one after the other: the orders that come of each, and the state after it.
fn check(rows: Vec<(Happens, Vec<Order>, State<&'static str>)>) -> Sut {
    let mut session = Sut::default();
    for (at, (what, orders, state)) in rows.into_iter().enumerate() {
        assert_eq!(happens(&mut session, what), orders, "orders of row {at}");
        assert_eq!(*session.state(), state, "state of row {at}");
    }
    session
}

/// A session of which all is known.
fn known() -> Sut {
    let mut session = Sut::default();
    for what in [Open("one"), Found(1, true), Loaded(2, true), Answered(2, 0)] {
        let _orders = happens(&mut session, what);
    }
    session
}

/// The revision that is followed, and how much is unsaved.
fn to_keep(session: &Sut) -> (u64, usize) {
    session.to_keep().map(|(_, revision, unsaved)| (revision, unsaved)).expect("open")
}

fn edits(session: &Sut) -> Vec<Edit> {
    session.kept().map(|kept| kept.draft().edits.clone()).unwrap_or_default()
}

#[test]
fn from_opening_to_a_result() {
    let session = check(vec![
        (Open("one"), vec![find(1)], State::Opening),
        // It is looked for already.
        (Open("one"), vec![], State::Opening),
        (Found(1, true), vec![Order::Load(2)], State::Loading),
        (Loaded(2, true), vec![Order::Ask(2)], State::Asking),
        (Answered(2, 0), vec![], State::Known),
        // It is open already.
        (Open("one"), vec![], State::Known),
    ]);
    assert_eq!((session.blocked(), session.problem()), (None, None));
}

#[test]
fn layers_are_built_and_asked_about_again() {
    check(vec![
        (Open("one"), vec![find(1)], State::Opening),
        (Found(1, true), vec![Order::Load(2)], State::Loading),
        (Loaded(2, true), vec![Order::Ask(2)], State::Asking),
        (Answered(2, 1), vec![Order::Build(2)], State::Known),
        (Built(2), vec![Order::Keep(1)], State::Known),
        (Finished(2, true), vec![Order::Ask(3)], State::Asking),
        (Answered(3, 0), vec![], State::Known),
        // What was being built before tells nothing any more.
        (Built(2), vec![], State::Known),
        (Finished(2, false), vec![], State::Known),
    ]);
}

#[test]
fn a_layer_that_was_built_while_it_was_asked_about_is_not_built_again() {
    check(vec![
        (Open("one"), vec![find(1)], State::Opening),
        (Found(1, true), vec![Order::Load(2)], State::Loading),
        (Loaded(2, true), vec![Order::Ask(2)], State::Asking),
        (Answered(2, 1), vec![Order::Build(2)], State::Known),
        (Edits, vec![Order::Keep(1), Order::Ask(3)], State::Asking),
        (Built(2), vec![Order::Keep(2)], State::Asking),
        (Answered(3, 1), vec![Order::Stop, Order::Ask(4)], State::Asking),
        (Answered(4, 0), vec![], State::Known),
    ]);
}

#[test]
fn answers_to_what_is_no_longer_asked_are_dropped() {
    let session = check(vec![
        (Found(0, false), vec![], State::Failed("no draft")),
        (Open("one"), vec![find(1)], State::Opening),
        (Found(0, true), vec![], State::Opening),
        (Found(1, true), vec![Order::Load(2)], State::Loading),
        (Edits, vec![Order::Keep(1), Order::Load(3)], State::Loading),
        (Loaded(2, true), vec![], State::Loading),
        (Loaded(2, false), vec![], State::Loading),
        (Loaded(3, true), vec![Order::Ask(3)], State::Asking),
        (Edits, vec![Order::Keep(2), Order::Ask(4)], State::Asking),
        (Refusal(3), vec![], State::Asking),
        (NoAnswer(3), vec![], State::Asking),
        (LookAt, vec![Order::Ask(5)], State::Asking),
        (LookAt, vec![], State::Asking),
        (Answered(4, 1), vec![], State::Asking),
        (Answered(5, 0), vec![], State::Known),
    ]);
    assert!(session.is_latest(2) && !session.is_latest(1));
}

#[test]
fn what_fails_is_told_and_tried_again() {
    check(vec![
        (Open("one"), vec![find(1)], State::Opening),
        (Found(1, false), vec![], State::Failed("no draft")),
        (Retry, vec![find(2)], State::Opening),
        (Found(2, true), vec![Order::Load(3)], State::Loading),
        (Loaded(3, false), vec![], State::Failed("gone")),
        (Retry, vec![Order::Load(4)], State::Loading),
        (Loaded(4, true), vec![Order::Ask(4)], State::Asking),
        (NoAnswer(4), vec![], State::Failed("worker")),
        (Retry, vec![Order::Ask(5)], State::Asking),
        (Answered(5, 2), vec![Order::Build(5)], State::Known),
        (Stop, vec![Order::Stop], State::Failed("stopped")),
        (Finished(5, false), vec![], State::Failed("stopped")),
        (Retry, vec![Order::Ask(6)], State::Asking),
        (Answered(6, 2), vec![Order::Build(6)], State::Known),
        (Finished(6, false), vec![], State::Failed("no room")),
        // Another draft.
        (Open("two"), vec![Order::Find(7, "two".to_owned())], State::Opening),
    ]);
}

#[test]
fn what_blocks_a_push() {
    let after = |what: Vec<Happens>| {
        let mut session = Sut::default();
        what.into_iter().for_each(|what| drop(happens(&mut session, what)));
        session.blocked()
    };
    let opened = || vec![Open("one"), Found(1, true), Loaded(2, true)];
    let and = |mut before: Vec<Happens>, what: Vec<Happens>| {
        before.extend(what);
        after(before)
    };
    assert_eq!(after(vec![]), Some(Blocked::Reading));
    assert_eq!(after(opened()), Some(Blocked::Reading));
    assert_eq!(and(opened(), vec![NoAnswer(2)]), Some(Blocked::Failed));
    assert_eq!(and(opened(), vec![Refusal(2)]), Some(Blocked::Refused));
    assert_eq!(and(opened(), vec![Answered(2, 3)]), Some(Blocked::Building(3)));
    assert_eq!(and(opened(), vec![Answered(2, 0)]), None);
    assert_eq!(and(opened(), vec![Answered(2, 0), Edits]), Some(Blocked::Asking));
    // A draft that could not be kept can be pushed.
    assert_eq!(and(opened(), vec![Answered(2, 0), NotSaved]), None);
}

#[test]
fn a_target_is_kept_with_edits_only() {
    let mut session = known();
    assert_eq!(happens(&mut session, Target("a.io/b:c")), []);
    assert_eq!(session.kept().map(|kept| kept.target.as_str()), Some("a.io/b:c"));
    let _asked = happens(&mut session, Edits);
    assert_eq!(happens(&mut session, Target("a.io/b:c")), []);
    assert_eq!(happens(&mut session, Target("a.io/b:d")), [Order::Keep(2)]);
}

#[test]
fn what_another_tab_has_kept_gets_what_was_done_here() {
    let mut session = known();
    assert_eq!(happens(&mut session, Edits), [Order::Keep(1), Order::Ask(3)]);
    assert_eq!(happens(&mut session, Happens::Kept(1, Saved::Behind)), [Order::CatchUp]);
    assert_eq!(happens(&mut session, Theirs(4)), [Order::Keep(2), Order::Ask(4)]);
    assert_eq!(edits(&session), [entrypoint("theirs"), entrypoint("a")]);
    // Neither older ones nor this one's own count.
    assert_eq!(happens(&mut session, Theirs(4)), []);
    assert_eq!(happens(&mut session, Heard(4)), []);
    assert_eq!(session.heard("two", 9), []);
    // What is kept is not done again.
    assert_eq!(to_keep(&session), (4, 1));
    assert_eq!(happens(&mut session, Happens::Kept(1, Saved::Kept(5))), []);
    assert_eq!(to_keep(&session), (5, 0));
    assert_eq!(happens(&mut session, Heard(6)), [Order::CatchUp]);
    assert_eq!(happens(&mut session, Theirs(6)), [Order::Ask(5)]);
    assert_eq!(edits(&session), [entrypoint("theirs")]);
}

#[test]
fn what_this_one_keeps_itself_is_not_read_again() {
    let kept_as = |heard: &[u64], revision| {
        let mut session = known();
        let _keep = happens(&mut session, Edits);
        for revision in heard {
            assert_eq!(happens(&mut session, Heard(*revision)), []);
        }
        happens(&mut session, Happens::Kept(1, Saved::Kept(revision)))
    };
    assert_eq!(kept_as(&[4], 4), []);
    // Another tab was faster, or followed at once.
    assert_eq!(kept_as(&[4, 5], 5), []);
    assert_eq!(kept_as(&[4, 5], 4), [Order::CatchUp]);
    let mut session = known();
    let _keep = happens(&mut session, Edits);
    let _told = happens(&mut session, NotSaved);
    assert_eq!(happens(&mut session, Heard(4)), [Order::CatchUp]);
}

#[test]
fn what_was_done_while_the_draft_was_kept_is_still_unsaved() {
    let mut session = known();
    let (_first, (_, unsaved)) = (happens(&mut session, Edits), to_keep(&session));
    let _second = happens(&mut session, Edits);
    assert_eq!(happens(&mut session, Happens::Kept(unsaved, Saved::Kept(1))), []);
    assert_eq!(to_keep(&session), (1, 1));
}

#[test]
fn a_draft_that_can_not_be_kept_says_so_until_it_is_asked_about_again() {
    let mut session = known();
    let _asked = happens(&mut session, Edits);
    let _told = happens(&mut session, NotSaved);
    assert_eq!((session.problem(), session.is_settled()), (Some(&"no room"), false));
    let _known = happens(&mut session, Answered(3, 0));
    assert_eq!((session.problem(), session.is_settled()), (Some(&"no room"), true));
    let _asked = happens(&mut session, Retry);
    assert_eq!(session.problem(), None);
}

#[test]
fn steps_of_the_history_are_steps_of_the_session() {
    let mut session = known();
    let _asked = happens(&mut session, Edits);
    for (alteration, left) in [
        (Alteration::Undo, 0),
        (Alteration::Redo, 1),
        (Alteration::Take(Step::Remove { at: 0 }, Contents::default()), 0),
        (Alteration::Undo, 1),
    ] {
        let orders = session.alter(alteration, 7);
        assert!(matches!(orders.as_slice(), [Order::Keep(_), Order::Ask(_)]), "{orders:?}");
        assert_eq!(edits(&session).len(), left);
    }
    let nothing = Sut::default().alter(Alteration::Undo, 7);
    assert_eq!(nothing, []);
}
