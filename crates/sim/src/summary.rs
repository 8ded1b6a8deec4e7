//! Counters of what happened in runs. A test checks that every fault occurs.

use std::fmt;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What happened in one run or in many.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Summary {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Summary {
            /// Each count with its name.
            pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            /// Adds what happened in other runs.
            pub fn add(&mut self, other: &Self) {
                $(self.$name = self.$name.wrapping_add(other.$name);)*
            }
        }
    };
}

counters! {
    /// Runs.
    runs,
    /// Runs that ended with the whole answer.
    finished,
    /// Runs that ended early because they were asked to.
    drained,
    /// Runs that ended because a seat was lost too often in a row.
    given_up,
    /// Milliseconds on the virtual clock.
    virtual_ms,
    /// Steps of the primary, the workers and the world.
    steps,
    /// Frames that the primary heard.
    frames,
    /// Numbers of ranges without those too long to be looked at.
    numbers,
    /// Workers made, the first ones included.
    forks,
    /// Forks that were refused.
    refusals,
    /// Workers killed from outside.
    kills,
    /// Workers that left by themselves.
    exits,
    /// Farewells heard.
    farewells,
    /// Workers that died of a number.
    crashes,
    /// Crash reports that the primary received.
    crash_reports,
    /// Of those: of workers that were lost for another reason.
    crash_reports_not_blamed,
    /// Crash reports that were never written.
    crash_reports_lost,
    /// Crash reports that were cut short or corrupted.
    crash_reports_corrupted,
    /// Workers asked for their number and ended.
    workers_interrupted,
    /// Numbers that ended workers and were done when they were tried again.
    recovered,
    /// Workers lost with chunks in hand.
    losses_with_chunks,
    /// Workers stopped.
    stops,
    /// Of those: at numbers that the primary saw.
    stops_seen_at_numbers,
    /// Workers that had been stopped and went on.
    continues,
    /// Stopped workers whose chunks were taken back.
    silences,
    /// Silent workers that came back.
    awakenings,
    /// Workers killed because all were silent.
    killed_while_silent,
    /// Garbage written into the result pipe.
    garbage,
    /// Times that the primary found bytes that are no frame.
    malformed,
    /// Workers killed because they may have written it.
    suspects,
    /// Runs that needed no numbers above those that decide.
    decided,
    /// Runs in a shuffled order.
    shuffled,
    /// Credit given for lines.
    credits,
    /// Bytes of lines that were read.
    bytes_read,
    /// Times that not all lines had room where they leave.
    full_output_pipes,
    /// Readers of lines that paused.
    reader_pauses,
    /// Readers of lines that went away.
    readers_gone,
    /// Times that exactly one was suspected.
    single_suspects,
    /// Withdrawals sent.
    withdrawals,
    /// Chunks, or parts of them, that workers gave back.
    releases,
    /// Of those: given to workers that had nothing to do.
    chunks_stolen,
    /// Chunks begun again after a loss.
    begun_again,
    /// Parts of partials.
    parts,
    /// Answers under names not in force.
    stale_answers,
    /// The same where numbers became superfluous.
    superfluous_answers,
    /// Writes that had to wait for room in the result pipe.
    full_result_pipes,
    /// Writes that had to wait for room in an assignment pipe.
    full_assignment_pipes,
    /// Records that counted.
    records,
    /// Comparisons of files before a record counted.
    files_compared,
    /// Syncs put off because another process had locked the journal.
    journals_locked,
    /// Drains that took longer than half a second.
    long_drains,
    /// Drains whose grace was over, and other ends at once.
    cut_drains,
    /// Drains after a halt condition was met.
    halts,
    /// Drains at a deadline.
    deadlines,
    /// Second signals, which end a run at once.
    second_signals,
    /// Journals given up, because they could not be written any more.
    journals_given_up,
    /// Runs with a limit on starts.
    rated,
    /// Lines of an earlier life that were read back.
    lines_read_back,
    /// Primaries that crashed.
    primary_crashes,
    /// Records lost with them.
    records_lost,
    /// Primaries that went on with what was durable of a crashed or drained one.
    resumes,
    /// Numbers that failed because workers died of them.
    quarantined,
    /// Numbers with an unknown end, in runs in which no number is done twice.
    unknown,
    /// Chunks returned there that no worker had begun.
    untouched,
    /// Chunks of which it was written ahead that they begin.
    written_ahead,
    /// Of those: lost before they did.
    lost_before_begun,
    /// Numbers that had begun when their primary was gone.
    settled,
    /// Times that numbers failed by themselves.
    failed_alone,
    /// Numbers that killed workers, but not for ever.
    survived_flaky,
    /// Heartbeats.
    heartbeats,
    /// Times that a worker had to wait for room in its channel.
    full_channels,
    /// Datagrams sent.
    datagrams,
    /// Of those: lost.
    datagrams_lost,
    /// Of those: repeated.
    datagrams_repeated,
    /// Of those: under way for more than a second.
    datagrams_late,
    /// Lines cut for a while.
    worker_links_cut,
    /// Machines lost with their workers.
    machines_lost,
    /// Lines on which one end was not heard for too long.
    worker_links_given_up,
    /// Agents that said their first word.
    agents_joined,
    /// Agents that the primary lost, for whatever reason.
    agents_lost,
    /// Of those: with chunks in hand.
    agent_losses_with_chunks,
    /// Agents that were killed, with their machine or without.
    agents_killed,
    /// Agents stopped.
    agents_stopped,
    /// Agents that had been stopped and went on.
    agents_continued,
    /// Agents whose chunks were taken back because they were not heard.
    agents_silenced,
    /// Silent agents that were heard again.
    agents_awoken,
    /// Agents that left by themselves.
    agents_left,
    /// Agents that lost a worker too often in a row.
    agents_given_up,
    /// Agents that learnt that the job is over.
    agents_finished,
    /// Agents whose primary was silent for too long.
    primaries_silent,
    /// Nonsense said by agents.
    agent_garbage,
    /// Agents turned out for it.
    agents_accused,
    /// Links to agents cut for a while.
    agent_links_cut,
    /// Links to agents broken.
    agent_links_broken,
    /// Frames of agents that the primary heard.
    agent_frames,
    /// Chunks lent to agents.
    agent_chunks,
    /// Of those: asked back, wholly or in part.
    agent_withdrawals,
    /// Reports of agents about chunks that were not done.
    agent_reports,
    /// Numbers that failed at agents.
    failed_at_agents,
    /// Sums of the trace hashes; the same seeds give the same.
    trace_hash,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in self.counts() {
            if name == "trace_hash" {
                writeln!(f, "{name:<28}{count:>20x}")?;
            } else {
                writeln!(f, "{name:<28}{count:>20}")?;
            }
        }
        Ok(())
    }
}
