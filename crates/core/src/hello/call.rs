//! Call of a primary: the first message to an agent that waits to be called.
//!
//! ```text
//! size  it begins as a hello does, and goes on
//!    4  zero, where a hello has the number of workers, which is at least 1
//!    4  the process number of the primary, on its machine
//! 1+32  program and digest, as in a hello
//!  1+h  h, then the name of its host
//!  2+f  f, then the function, f bytes of UTF-8
//! ```

use super::{Misunderstood, Program, Rest, beginning, cut, put_program, put_text, understood};
use alloc::string::String;
use alloc::vec::Vec;

/// What a primary needs of the agent that it calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The process number of the primary.
    pub pid: u32,
    /// What the agent must have.
    pub program: Program,
    /// The name of the primary's machine.
    pub host: String,
    /// What is asked of each number, for messages.
    pub function: String,
}

impl Call {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = beginning();
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.pid.to_le_bytes());
        put_program(&mut bytes, self.program);
        let host = cut(&self.host, u8::MAX.into());
        bytes.push(host.len() as u8);
        bytes.extend_from_slice(host.as_bytes());
        put_text(&mut bytes, &self.function);
        bytes
    }

    /// What the bytes say.
    ///
    /// # Errors
    /// If they are no call of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Misunderstood> {
        let mut rest = Rest(understood(bytes)?);
        if rest.take()? != [0; 4] {
            return Err(Misunderstood::Malformed);
        }
        let pid = u32::from_le_bytes(rest.take()?);
        let program = rest.program()?;
        let [length] = rest.take()?;
        let host = rest.text(length.into())?;
        let length = u16::from_le_bytes(rest.take()?);
        let function = rest.text(length.into())?;
        rest.end()?;
        Ok(Self { pid, program, host, function })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Hello, MAX_TEXT};
    use super::*;
    use alloc::borrow::ToOwned;
    use core::num::NonZeroU32;

    fn call() -> Call {
        Call {
            pid: 77,
            program: Program::Command([3; 32]),
            host: "here".to_owned(),
            function: "-- ./t {}".to_owned(),
        }
    }

    #[test]
    fn a_call_is_read_as_it_is_written_and_no_part_of_it_is() {
        let bytes = call().encode();
        assert_eq!(Call::decode(&bytes), Ok(call()));
        for end in 0..bytes.len() {
            assert!(Call::decode(&bytes[..end]).is_err(), "{end}");
        }
        let more = [&bytes[..], &[0]].concat();
        assert_eq!(Call::decode(&more), Err(Misunderstood::Malformed));
        let long = Call { function: "x".repeat(MAX_TEXT + 1), host: "h".repeat(300), ..call() };
        let read = Call::decode(&long.encode()).unwrap();
        assert_eq!((read.function.len(), read.host.len()), (MAX_TEXT, 255));
        assert!(long.encode().len() <= 1024, "it fits where a hello does");
    }

    #[test]
    fn a_hello_is_no_call_and_a_call_is_no_hello() {
        let hello = Hello {
            workers: NonZeroU32::MIN,
            pid: 0,
            boot: [0; 16],
            program: Program::None,
            host: String::new(),
            program_name: String::new(),
        };
        assert_eq!(Call::decode(&hello.encode()), Err(Misunderstood::Malformed));
        assert_eq!(Hello::decode(&call().encode()), Err(Misunderstood::Malformed));
    }
}
