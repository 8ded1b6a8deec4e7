//! Every verb prints the same bytes over pipes and over each transport.

use crate::support::run;
use crate::support::site::{Site, Transport};

/// One of each kind. Lines of several times what may be on its way, so that credit is used and returned.
const QUESTIONS: &[&str] = &[
    "count n%7==3&&n%11==1 0..3e6 --split fixed:10000",
    "sum n*n*n -1e6..=2e6 --split timed",
    "sum 2**100+n 0..1000 --split fixed:7",
    "min (n-77777)**2 0..1e6 --split guided",
    "max n%1000 -5..1e6 --split fixed:999",
    "find n%3==0 0..3e6 --split timed",
    "find prime 0..1e7 --first 1000 --split fixed:1000",
    "failures 100/(n%1000-7) 0..1e12 --first 900 --split fixed:1000",
    "any n*n==123454321 0..1e7 --split guided",
    "any n<0 0..1e6",
    "all n*n<1e12 0..1e7 --split fixed:10000",
    "hist digits(n) -10..1e6 --split static",
    "hist n*n%1000 0..1e6 --bins -10..1010/17 --split fixed:5000",
    "map n*n%1000 0..1e6 --split fixed:5000",
    "failures 100/(n%1000) 0..1e5",
    "find 10/n<5 -100..100",
    "map 10/n -100..100 --partial",
    "max 5 7..7",
    "map n*n%1000 -1e5..1e6:7,2000000 --split fixed:5000",
    "failures 100/(n%1000) 0..1e5:8,3,5",
    "all n%4==0 0..1e6:4,1e6..+3 --split guided",
    "map a*b-c --grid a=-300..3000 --grid b=1,2,5 --grid c=10..=50:20,60 --split fixed:100",
    "min a*a*b-c --grid a=-300..3000 --grid b=1,2,5 --grid c=10..=50:20,60 --where prime(a) --split fixed:7",
    "failures c/(a%7-b) --grid a=0..100 --grid b=1,2,5 --grid c=0..=50:20,60 --split fixed:9",
];

pub(crate) fn the_same_bytes(site: &Site, transport: Transport) {
    for words in QUESTIONS {
        let expected = run(&format!("{words} -q -j 2 --progress none"));
        let expected_text = String::from_utf8(expected.stdout).unwrap();
        for (own, agents) in [(0, 1), (1, 2)] {
            let (primary, address) = site.primary(transport, &format!("{words} -j {own}"));
            let agents: Vec<_> = (0..agents).map(|_| site.agent(&address, "-j 2")).collect();
            let ended = primary.ended();
            assert!(ended.stdout == expected_text, "{words}: {}", ended.stderr);
            assert_eq!(Some(ended.status), expected.status.code(), "{words}: {}", ended.stderr);
            for agent in agents {
                crate::support::kill("TERM", agent.pid());
                drop(agent.ended());
            }
        }
    }
}
