//! Handshake messages: each is decoded as it was encoded, and all other bytes are refused.

use super::*;
use proptest::prelude::*;
use std::vec;

fn hello() -> Hello {
    Hello {
        workers: NonZeroU32::MIN,
        pid: 7,
        boot: [3; 16],
        program: Program::Library([9; 32]),
        host: "the other one".to_string(),
        program_name: "--lib ./f.so:f".to_string(),
    }
}

fn welcome() -> Welcome {
    Welcome {
        job: 5,
        aggregate: Aggregate::Count,
        retries: 2,
        range: Interval::new(-4, 9),
        timeout_ns: 200_000_000,
        grace_ns: 1_000_000_000,
        memory: 64 << 20,
        chunk_min: 100,
        program: Program::None,
        function: "even".to_string(),
        supplement: 0,
    }
}

#[test]
fn what_is_said_is_understood() {
    assert_eq!(Hello::decode(&hello().encode()), Ok(hello()));
    for range in [None, Interval::new(-4, 9), Interval::new(0, 0)] {
        let welcome = Welcome { range, ..welcome() };
        assert_eq!(Welcome::decode(&welcome.encode()), Ok(welcome));
    }
    let welcome = Welcome { supplement: MAX_SUPPLEMENT as u32, ..welcome() };
    assert_eq!(Welcome::decode(&welcome.encode()), Ok(welcome.clone()));
    let welcome = Welcome { supplement: welcome.supplement + 1, ..welcome };
    assert_eq!(Welcome::decode(&welcome.encode()), Err(Misunderstood::Malformed));
    let refusal = Refusal { why: RefusalReason::Over, text: "too late".to_string() };
    assert_eq!(Refusal::decode(&refusal.encode()), Ok(refusal));
}

#[test]
fn another_version_is_named_whatever_follows() {
    let mut bytes = hello().encode();
    bytes[6] = 200;
    bytes.extend([1, 2, 3]);
    let said = Hello::decode(&bytes).unwrap_err().to_string();
    assert_eq!(
        said,
        std::format!(
            "it is evenly {PROGRAM} (protocol 200); this is evenly {PROGRAM} (protocol {PROTOCOL})"
        )
    );
    let mut bytes = Refusal { why: RefusalReason::Program, text: String::new() }.encode();
    bytes[9] = b'8';
    let refusal = Refusal::decode(&bytes).unwrap();
    assert_eq!(refusal.why, RefusalReason::Version);
    assert!(refusal.text.starts_with("it is evenly 8"), "{}", refusal.text);
}

#[test]
fn a_text_that_is_too_long_is_cut_between_letters() {
    let text = "é".repeat(MAX_TEXT);
    let refusal = Refusal::decode(&Refusal { why: RefusalReason::Over, text }.encode()).unwrap();
    assert_eq!(refusal.text.len(), MAX_TEXT);
    assert!(
        Refusal { why: RefusalReason::Over, text: "x".repeat(MAX_TEXT) }.encode().len() <= 1024
    );
}

#[test]
fn the_longest_welcome_has_room_where_it_travels() {
    let welcome = Welcome { function: "x".repeat(MAX_TEXT), ..welcome() };
    assert!(welcome.encode().len() <= 1024);
    assert_eq!(Welcome::decode(&welcome.encode()), Ok(welcome));
    let (host, program_name) = ("h".repeat(300), "p".repeat(300));
    let hello = Hello { host, program_name, ..hello() };
    assert!(hello.encode().len() <= 1024);
    let hello = Hello::decode(&hello.encode()).unwrap();
    assert_eq!((hello.host.len(), hello.program_name.len()), (255, 255));
}

#[test]
fn no_program_has_no_name() {
    let nameless = Hello { program: Program::None, program_name: String::new(), ..hello() };
    assert_eq!(Hello::decode(&nameless.encode()), Ok(nameless.clone()));
    let named = Hello { program_name: "p".to_string(), ..nameless };
    assert_eq!(Hello::decode(&named.encode()), Err(Misunderstood::Malformed));
}

#[test]
fn cut_anywhere_or_too_long_it_is_not_understood() {
    let (hello, welcome) = (hello().encode(), welcome().encode());
    (0..hello.len()).for_each(|length| assert!(Hello::decode(&hello[..length]).is_err()));
    (0..welcome.len()).for_each(|length| assert!(Welcome::decode(&welcome[..length]).is_err()));
    let longer = |bytes: vec::Vec<u8>| [bytes, vec![0]].concat();
    assert!(Hello::decode(&longer(hello)).is_err());
    assert!(Welcome::decode(&longer(welcome)).is_err());
}

proptest! {
    #[test]
    fn whatever_is_understood_says_the_same_again(
        at in 0usize..100, to in any::<u8>(), tail in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut bytes = hello().encode();
        let length = bytes.len();
        bytes[at % length] = to;
        if let Ok(hello) = Hello::decode(&bytes) {
            prop_assert_eq!(hello.encode(), bytes);
        }
        let mut bytes = welcome().encode();
        let length = bytes.len();
        bytes[at % length] = to;
        if let Ok(welcome) = Welcome::decode(&bytes) {
            prop_assert_eq!(welcome.encode(), bytes.clone());
        }
        bytes.truncate(15);
        bytes.extend(tail);
        let _ = (Hello::decode(&bytes), Welcome::decode(&bytes), Refusal::decode(&bytes));
    }
}

#[test]
fn bins_travel_in_their_normal_form_with_their_aggregate_only() {
    let with = |aggregate: Aggregate, text: &str| {
        let mut bytes = Welcome { aggregate, ..welcome() }.encode();
        let length = aggregate.bins().map_or(0, |bins| bins.to_string().len());
        let supplement = bytes.split_off(bytes.len() - 4);
        bytes.truncate(bytes.len() - length - 1);
        bytes.push(text.len() as u8);
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend(supplement);
        Welcome::decode(&bytes).map(|welcome| welcome.aggregate)
    };
    let binned = Aggregate::Binned("-0.5..1e3/20".parse().unwrap());
    assert_eq!(with(binned, "-0.5..1000/20"), Ok(binned));
    for bad in ["", "-0.5..1e3/20", "-0.50..1000/20", "-0.5..1000/0", "x"] {
        assert_eq!(with(binned, bad), Err(Misunderstood::Malformed), "{bad}");
    }
    assert_eq!(with(Aggregate::Hist, "0..1/20"), Err(Misunderstood::Malformed));
}
