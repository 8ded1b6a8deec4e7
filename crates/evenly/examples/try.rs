//! scratch
use evenly::{function, *};
use std::num::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let n: i128 = args[2].parse().unwrap();
    let range = Range::new(0, n).unwrap();
    let a = match args[1].as_str() {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "find" => Aggregate::Find { first: None },
        "find3" => Aggregate::Find { first: NonZeroU64::new(3) },
        "any" => Aggregate::Any,
        "all" => Aggregate::All,
        "hist" => Aggregate::Hist,
        "map" => Aggregate::Map,
        "failures" => Aggregate::Failures,
        _ => panic!(),
    };
    let f = if args[3] == "sq" {
        function::integers("sq", |n| (n as i128 * 7919) % 1000)
    } else if let Some(k) = args[3].strip_prefix(">") {
        let k: i64 = k.parse().unwrap();
        function::predicate("gt", move |n| n > k)
    } else {
        function::named(&args[3]).unwrap()
    };
    let mut job = Job::new(a, range, f).workers(NonZeroU32::new(args[4].parse().unwrap()).unwrap());
    if let Some(c) = args.get(5) {
        job = job.policy(Policy::Fixed(NonZeroU64::new(c.parse().unwrap()).unwrap()));
    }
    job = job.output(Box::new(output::Writer::new(std::io::stdout())));
    match job.run() {
        Ok(r) => eprintln!(
            "{} lines {} failed {} losses {} {:?}",
            r.answer, r.lines, r.failed, r.losses, r.elapsed
        ),
        Err(e) => eprintln!("error {e}"),
    }
}
