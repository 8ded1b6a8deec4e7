//! Values of every type that serde has: read back as they were written; cut or longer bytes are refused.

use super::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

fn again<V: serde_core::Serialize + DeserializeOwned>(value: &V) -> V {
    let bytes = to_bytes(value).unwrap();
    for end in 0..bytes.len() {
        assert!(from_bytes::<V>(&bytes[..end]).is_err(), "{end} of {}", bytes.len());
    }
    assert!(from_bytes::<V>(&[&bytes[..], &[tag::UNIT]].concat()).is_err());
    from_bytes(&bytes).unwrap()
}

fn is_kept<V: serde_core::Serialize + DeserializeOwned + PartialEq + Debug>(value: &V) {
    assert_eq!(again(value), *value);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Nothing,
    One(u8),
    Pair(i16, String),
    Fields { left: Option<char>, right: Vec<Shape> },
}

fn shapes() -> Vec<Shape> {
    let pair = Shape::Pair(-7, "seven".to_owned());
    let inner = Shape::Fields { left: None, right: vec![Shape::Nothing] };
    vec![Shape::Nothing, Shape::One(1), pair, Shape::Fields { left: Some('é'), right: vec![inner] }]
}

#[test]
fn plain_values_are_kept() {
    is_kept(&(u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX, usize::MAX));
    is_kept(&(i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN, isize::MIN));
    is_kept(&(0_u64, 127_u64, 128_u64, 0_i64, -1_i64, 63_i64, -64_i64, 64_i64, i64::MAX));
    is_kept(&(true, false, (), 'x', "text".to_owned(), [1_u8, 2, 3]));
    is_kept(&(Some(Some(1_u8)), Some(None::<u8>), None::<Option<u8>>, Box::new(5_u32)));
    is_kept(&(Duration::from_nanos(1_234_567_890), IpAddr::from([127, 0, 0, 1])));
    is_kept(&Ok::<u8, String>(3));
    is_kept(&shapes());
}

#[test]
fn doubles_keep_their_bits() {
    for bits in [0, 1, 1 << 63, 0x7ff8_0000_0000_0001, 0xfff4_dead_beef_0000, f64::MAX.to_bits()] {
        assert_eq!(again(&f64::from_bits(bits)).to_bits(), bits);
    }
    for bits in [0x7fc0_0001_u32, 0x8000_0000, 1] {
        assert_eq!(again(&f32::from_bits(bits)).to_bits(), bits);
    }
}

#[test]
fn maps_may_have_keys_of_any_type() {
    is_kept(&BTreeMap::from([((1, -2), vec![1.5]), ((3, 4), vec![])]));
    is_kept(&BTreeMap::from(
        [(None, "none"), (Some(true), "some")].map(|(k, v)| (k, v.to_owned())),
    ));
    is_kept(&HashSet::from([[0_u8; 32], [1; 32]]));
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Partly {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<u8>,
    second: u8,
    #[serde(skip)]
    third: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fourth: Vec<u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
    Shape(Shape),
    Map(BTreeMap<String, i32>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Unit,
    Fields { value: i64 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    #[serde(flatten)]
    partly: Partly,
    #[serde(flatten)]
    others: BTreeMap<String, f64>,
}

#[test]
fn types_that_look_ahead_or_leave_fields_out_are_kept() {
    is_kept(&[
        Partly { second: 2, ..Partly::default() },
        Partly { first: Some(1), second: 3, third: 0, fourth: vec![9] },
    ]);
    is_kept(&vec![
        Untagged::Number(7),
        Untagged::Text("a".to_owned()),
        Untagged::Map([("b".to_owned(), -3)].into()),
    ]);
    is_kept(&shapes().into_iter().map(Untagged::Shape).skip(1).collect::<Vec<_>>());
    is_kept(&vec![Tagged::Unit, Tagged::Fields { value: -1 }]);
    let others = BTreeMap::from([("x".to_owned(), f64::INFINITY)]);
    is_kept(&Flat { partly: Partly { first: Some(3), ..Partly::default() }, others });
}

#[test]
fn a_name_is_written_once() {
    let many: Vec<_> = (0..100).map(|second| Partly { second, ..Partly::default() }).collect();
    let bytes = to_bytes(&many).unwrap();
    let count = bytes.windows(6).filter(|window| *window == b"second").count();
    // A map, a known name, a number and an end.
    assert_eq!((count, bytes.len() < 100 * 6 + 16), (1, true), "{}", bytes.len());
}

#[test]
fn an_error_has_the_words_of_the_type() {
    struct Refuses;
    impl serde_core::Serialize for Refuses {
        fn serialize<S: serde_core::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde_core::ser::Error::custom("no"))
        }
    }
    assert_eq!(to_bytes(&[Refuses]).unwrap_err().to_string(), "no");
    let bytes = to_bytes(&300_u16).unwrap();
    let error = from_bytes::<u8>(&bytes).unwrap_err().to_string();
    assert!(error.contains("300"), "{error}");
}
