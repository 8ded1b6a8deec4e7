//! Program whose panics abort. `../abort.rs` compiles it with `-C panic=abort` and reads what it prints.

fn main() {
    assert!(cfg!(panic = "abort"));
    let call = evenly::over(0..1000_u32).workers(2).retries(0);
    let failures = call.failures(|n| assert!(n % 400 != 7, "no {n} today")).expect("the call ends");
    for failed in failures {
        println!("{} {failed}", failed.cause);
    }
    // A number that panics only behind another one passes when it is alone.
    let mut calls = 0;
    let sum = evenly::over(0..10_u32).workers(1).sum(|n| {
        calls += 1;
        assert!(n != 5 || calls == 1, "only where it is the first");
        n
    });
    println!("{}", sum.expect("no number fails"));
}
