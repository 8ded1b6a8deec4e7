//! Closures in the table of functions that the calling program registers by name.

use super::called::Called;
use super::closure::{ByType, Closure};
use super::outcome::{Answer, Outcome};
use crate::function::Functions;
use std::rc::Rc;

impl Functions {
    /// Adds a closure under a name. It returns `bool`, an integer, `f64`, `()`, or a `Result` of one of these. An error
    /// or a panic fails the number, with its text. `()` counts as yes. Another closure of this name is replaced.
    pub fn add<O>(&mut self, name: impl Into<String>, call: impl Fn(i64) -> O + 'static)
    where
        O: Outcome<Value: Answer> + 'static,
    {
        let (name, call) = (name.into(), Rc::new(call));
        let known = name.clone();
        self.insert(
            known,
            Rc::new(move || {
                let call = call.clone();
                Box::new(Called::<Closure<i64, _, ByType>>::new(name.clone(), move |n| call(n)))
            }),
        );
    }
}
