//! Options of a command about how its standard output is passed on.

use super::{Command, LineTags};
use evenly_core::Interval;

impl Command {
    /// Begins each line of output with the number that it is for, or with the chunk, and a tab.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.output_form.is_tagged = true;
        self
    }

    /// Passes on whole lines while the command runs, where the job is `Aggregate::Run`. Without this
    /// call the output of a command is passed on together, when it has ended. Lines of a try that fails are passed on,
    /// too. Not for a coprocess. Not part of the function's name in journals.
    #[must_use]
    pub fn line_buffered(mut self) -> Self {
        self.output_form.has_live_lines = true;
        self
    }

    /// Ends a command that prints more than this many bytes, where the job is `Aggregate::Run`: its
    /// numbers fail. Without this call there is no limit; what is above 16 MiB goes through a file without a name in
    /// [`temp_dir`](std::env::temp_dir). Not for a coprocess. Not part of the function's name in journals.
    #[must_use]
    pub fn max_output(mut self, bytes: u64) -> Self {
        self.output_form.most = Some(bytes);
        self
    }

    /// Whether whole lines are passed on while the command runs.
    pub(crate) fn has_live_lines(&self) -> bool {
        self.output_form.has_live_lines
    }

    /// The most bytes that it may print, if there is a limit.
    pub(crate) fn most_output(&self) -> Option<u64> {
        self.output_form.most
    }

    /// Tags for the output of the run for these numbers: the text of its line, if it has one.
    pub(crate) fn line_tags(&self, numbers: Interval) -> LineTags {
        LineTags::new(self.output_form.is_tagged.then(|| {
            let text = self.text_of(numbers.first());
            text.unwrap_or_else(|| self.run_name(numbers).into_bytes())
        }))
    }

    /// These lines, each behind the tag of their run; `None` without `--tag`.
    pub(crate) fn tag_lines(&self, numbers: Interval, output: &[u8]) -> Option<Vec<u8>> {
        if !self.output_form.is_tagged {
            return None;
        }
        let mut tags = self.line_tags(numbers);
        let mut tagged = tags.add(output);
        tagged.extend_from_slice(tags.end());
        Some(tagged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_the_same_wherever_an_output_is_cut() {
        let command = Command::new(["echo", "{}"].map(Into::into).to_vec()).unwrap().tagged();
        let numbers = Interval::single(7);
        let output = b"a\n\nbc\nd";
        let whole = command.tag_lines(numbers, output).unwrap();
        assert_eq!(whole, b"7\ta\n7\t\n7\tbc\n7\td\n");
        for cut in 0..=output.len() {
            let mut tags = command.line_tags(numbers);
            let pieces = [tags.add(&output[..cut]), tags.add(&output[cut..])].concat();
            assert_eq!([&pieces, tags.end()].concat(), whole, "cut at {cut}");
        }
    }
}
