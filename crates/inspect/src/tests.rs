//! Tests of the verdict on made-up facts: each case, and properties of any facts.

mod cases;
mod left_behind;
mod properties;
mod sentences;
mod world;
