use super::*;

const SIZES: Sizes = Sizes { whole: 10, chunk: 10 };

fn begun(size: u64) -> UploadState {
    let descriptor = Descriptor::new("a/b", Digest::sha256(b"x"), size);
    let mut state = UploadState::new("reg.example/a".to_owned(), &descriptor, SIZES);
    assert_eq!(state.next(), Next::Start);
    state.started(&session(None));
    state
}

fn session(min_chunk: Option<u64>) -> Session {
    Session { location: Url::parse("https://reg.example/u").expect("url"), min_chunk }
}

fn held(range: Option<(u64, u64)>) -> Held {
    Held { location: None, range }
}

#[test]
fn small_blobs_go_whole_and_large_ones_in_chunks() {
    assert_eq!(begun(0).next(), Next::Whole);
    assert_eq!(begun(10).next(), Next::Whole);
    let mut state = begun(25);
    for range in [0..10, 10..20, 20..25] {
        assert_eq!(state.next(), Next::Chunk(range.clone()));
        state.sending(range.end);
        assert_eq!(state.next(), Next::Ask, "not answered yet");
        state.accepted(&held(Some((0, range.end - 1))));
    }
    assert_eq!(state.next(), Next::Close);
    assert!(!state.doubt());
}

#[test]
fn a_registry_may_want_larger_chunks() {
    for (least, next) in
        [(5, Next::Chunk(0..10)), (15, Next::Chunk(0..15)), (25, Next::Whole), (99, Next::Whole)]
    {
        let mut state = begun(25);
        state.started(&session(Some(least)));
        assert_eq!(state.next(), next, "{least}");
    }
}

#[test]
fn u3_what_registries_say_of_a_chunk_that_they_took() {
    // The second of three chunks; `Ask` is a second opinion.
    for (said, next) in [
        (Some((0, 19)), Next::Chunk(20..25)),
        (Some((10, 19)), Next::Chunk(20..25)),
        (Some((0, 20)), Next::Chunk(20..25)),
        (Some((0, 9)), Next::Ask),
        (Some((0, 0)), Next::Ask),
        (Some((0, 14)), Next::Ask),
        (Some((0, 99)), Next::Ask),
        (None, Next::Ask),
    ] {
        let mut state = begun(25);
        state.sending(10);
        state.accepted(&held(Some((0, 9))));
        state.sending(20);
        state.accepted(&held(said));
        assert_eq!(state.next(), next, "{said:?}");
    }
}

#[test]
fn u3_what_registries_say_when_they_are_asked() {
    // The second of three chunks, accepted unclearly or cut off.
    for (accepted, said, turn, offset) in [
        (true, Some((0, 19)), Turn::On, 20),
        (true, Some((0, 20)), Turn::On, 20),
        (true, Some((0, 14)), Turn::On, 15),
        (true, None, Turn::On, 20),
        (true, Some((0, 9)), Turn::AnewWhole, 10),
        (true, Some((0, 4)), Turn::AnewWhole, 10),
        (true, Some((0, 21)), Turn::AnewWhole, 10),
        (false, Some((0, 19)), Turn::On, 20),
        (false, Some((0, 14)), Turn::On, 15),
        (false, Some((0, 9)), Turn::On, 10),
        (false, Some((0, 4)), Turn::AnewWhole, 10),
        (false, None, Turn::Anew, 10),
    ] {
        let mut state = begun(25);
        state.sending(10);
        state.accepted(&held(Some((0, 9))));
        state.sending(20);
        if accepted {
            state.accepted(&held(None));
        }
        assert_eq!(state.asked(&held(said)), turn, "{accepted} {said:?}");
        assert_eq!(state.offset(), offset, "{accepted} {said:?}");
    }
}

#[test]
fn u3_none_and_one_byte_look_the_same() {
    let mut state = begun(25);
    state.sending(10);
    assert_eq!(state.asked(&held(Some((0, 0)))), Turn::Anew);
    let mut state = begun(25);
    state.sending(10);
    state.accepted(&held(Some((0, 0))));
    assert_eq!(state.asked(&held(Some((0, 0)))), Turn::AnewWhole);
}

#[test]
fn u3_a_registry_that_counts_one_too_many_does_so_each_time() {
    let mut state = begun(25);
    for end in [10, 20, 25] {
        state.sending(end);
        state.accepted(&held(Some((0, end))));
        assert_eq!(state.offset(), end);
    }
    let mut state = begun(25);
    state.sending(10);
    state.accepted(&held(Some((0, 10))));
    state.sending(20);
    assert_eq!(state.asked(&held(Some((0, 15)))), Turn::On);
    assert_eq!(state.offset(), 15);
}

#[test]
fn u1_a_whole_blob_whose_end_is_not_known_is_looked_for() {
    let mut state = begun(5);
    state.sending(5);
    assert_eq!(state.next(), Next::Look);
    state.restart(true);
    assert_eq!(state.next(), Next::Start);
}

#[test]
fn u1_the_state_survives_being_kept() {
    let mut state = begun(25);
    state.sending(10);
    let text = serde_json::to_string(&state).expect("json");
    let kept: UploadState = serde_json::from_str(&text).expect("state");
    assert_eq!(kept, state);
    assert_eq!(kept.next(), Next::Ask);
    assert!(!kept.is_of("reg.example/b", &Descriptor::new("a/b", Digest::sha256(b"x"), 25)));
}

#[test]
fn chunks_that_are_too_large_shrink_to_a_limit() {
    let sizes = Sizes { whole: 1, chunk: 4 << 20 };
    let descriptor = Descriptor::new("a/b", Digest::sha256(b"x"), 64 << 20);
    let mut state = UploadState::new("reg.example/a".to_owned(), &descriptor, sizes);
    state.started(&session(None));
    for chunk in [2 << 20, 1 << 20] {
        state.sending(99);
        assert!(state.shrink());
        assert_eq!(state.next(), Next::Chunk(0..chunk));
    }
    assert!(!state.shrink());
}

proptest::proptest! {
    /// Whatever a registry says, the state stays inside the blob and never believes in bytes that
    /// were not sent.
    #[test]
    fn no_answer_leads_outside(
        answers in proptest::collection::vec(
            (proptest::bool::ANY, proptest::option::of((0_u64..40, 0_u64..40))),
            0..30,
        )
    ) {
        let mut state = begun(25);
        let mut sent = 0;
        for (asked, range) in answers {
            match state.next() {
                Next::Chunk(range) => {
                    sent = sent.max(range.end);
                    state.sending(range.end);
                }
                Next::Start => state.started(&session(None)),
                Next::Ask => {}
                Next::Close | Next::Whole | Next::Look => break,
            }
            if asked && state.next() == Next::Ask {
                if state.asked(&held(range)) != Turn::On {
                    state.restart(false);
                    sent = 0;
                }
            } else {
                state.accepted(&held(range));
            }
            proptest::prop_assert!(state.offset() <= sent && sent <= 25);
        }
    }
}
