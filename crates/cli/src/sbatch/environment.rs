//! Options of sbatch(1) in environment variables (its "INPUT ENVIRONMENT VARIABLES").

use super::options::SlurmOptions;

/// Variables, and the options that they stand for. Those of options that mean nothing on one machine are left out: sites
/// set them for all jobs.
const VARIABLES: [(&str, &str); 10] = [
    ("SBATCH_ARRAY_INX", "array"),
    ("SBATCH_ERROR", "error"),
    ("SBATCH_EXPORT", "export"),
    ("SBATCH_JOB_NAME", "job-name"),
    ("SBATCH_MEM_PER_CPU", "mem-per-cpu"),
    ("SBATCH_MEM_PER_NODE", "mem"),
    ("SBATCH_OPEN_MODE", "open-mode"),
    ("SBATCH_OUTPUT", "output"),
    ("SBATCH_PARTITION", "partition"),
    ("SBATCH_TIMELIMIT", "time"),
];

/// The options in the environment of this process. An empty value is none.
///
/// # Errors
/// One line that names a variable that is no text.
pub(super) fn read_environment() -> Result<SlurmOptions, String> {
    let mut options = SlurmOptions::default();
    for (variable, long) in VARIABLES {
        match std::env::var(variable) {
            Ok(value) if value.is_empty() => {}
            Ok(value) => options.add_of_environment(long, value, variable),
            Err(std::env::VarError::NotPresent) => {}
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(format!(
                    "the value of {variable} is no UTF-8; set another, or unset it"
                ));
            }
        }
    }
    Ok(options)
}
