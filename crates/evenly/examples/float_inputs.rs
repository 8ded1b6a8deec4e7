//! A float function on all 2^32 inputs, compared with a reference: how wrong is the fast inverse square root at worst?
//!
//! Usage: `float_inputs [STEP]`. STEP tries every STEP-th bit pattern; 1, the default, tries all.
#![expect(clippy::print_stdout, reason = "the answer is printed")]

/// 1 / sqrt(x) by a shift of the bits and one step of Newton's method.
fn fast_inverse_sqrt(x: f32) -> f32 {
    let guess = f32::from_bits(0x5f37_59df - (x.to_bits() >> 1));
    guess * (1.5 - 0.5 * x * guess * guess)
}

/// The relative error for the float with these bits; 0 where the function is not defined.
fn error(bits: u32) -> f64 {
    let x = f32::from_bits(bits);
    if !x.is_normal() || x < 0.0 {
        return 0.0;
    }
    let exact = 1.0 / f64::from(x).sqrt();
    (f64::from(fast_inverse_sqrt(x)) - exact).abs() / exact
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let step = std::env::args().nth(1).map_or(Ok(1), |word| word.parse::<u32>())?;

    let inputs = 0..=u32::MAX / step;
    let worst = evenly::max(inputs.clone(), |n| error(n * step))?;
    let large = evenly::count(inputs, |n| error(n * step) > 0.001)?;
    if let Some((n, error)) = worst {
        println!("largest error: {:.6} % for {:?}", 100.0 * error, f32::from_bits(n * step));
    }
    println!("{large} inputs have an error above 0.1 %");
    Ok(())
}
