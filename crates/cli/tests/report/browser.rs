//! Pages in headless Chromium, in windows as wide as a phone and as a screen.
//!
//! Each page is in a frame of the width in question, within one page whose script measures all of them. So one start of
//! the browser is enough, and the least width of its window does not matter.

use crate::RunFolder;
use std::fmt::Write;
use std::fs;
use std::process::{Command, Stdio};

/// Widths of a phone, a tablet and a screen.
const WIDTHS: [u32; 3] = [360, 768, 1400];

/// Measures every frame: what lies beyond its right edge, what is cut off in a label, marks that are drawn.
const SCRIPT: &str = "
onload = () => {
  const said = [];
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument, root = page.documentElement;
    const wide = [];
    for (const element of page.body.querySelectorAll('*')) {
      // A wide table scrolls by itself.
      if (element.closest('.table') && !element.matches('.table')) continue;
      if (element.closest('svg') && !element.matches('svg')) continue;
      const box = element.getBoundingClientRect();
      if (box.right > root.clientWidth + 0.5 || box.left < -0.5) wide.push(element.tagName + '.' + element.className);
    }
    for (const label of page.querySelectorAll('.gutter, .cards b, .axis span'))
      if (label.scrollWidth > label.clientWidth + 1 && label.clientWidth > 0) wide.push('cut: ' + label.textContent);
    const marks = page.querySelectorAll('svg rect').length;
    const charts = [...page.querySelectorAll('svg')].filter(it => it.getBoundingClientRect().height < 5).length;
    said.push([frame.title, root.scrollWidth <= root.clientWidth ? 'fits' : 'overflows', marks, charts,
               wide.slice(0, 5).join(' ')].join('|'));
  }
  const result = document.createElement('pre');
  result.textContent = 'RESULT\\n' + said.join('\\n') + '\\nEND';
  document.body.append(result);
};";

/// One run of each kind: its name, and its page.
fn runs(folder: &RunFolder) -> Vec<(&'static str, String)> {
    let run = |words: &str| folder.run(&words.split(' ').collect::<Vec<_>>());
    let three = |name: &str| format!("--journal {name}.j --events {name}.e --joblog {name}.l -q");
    let page = |name: &str| folder.page(&format!("{name}.j {name}.e {name}.l"));
    run(&format!("count odd 0..10 -j 2 --chunk 1 {}", three("small")));
    run(&format!("map 3*n-9223372036854775000 0..20000000:1000 -j 3 --chunk 1 {}", three("large")));
    run(&format!("hist n%100003 0..300000 {}", three("hist")));
    run(&format!("count odd 5..5 {}", three("empty")));
    let script = "case $1 in *7) exit 3;; *5) kill -9 $$;; *8) kill -9 $PPID;; esac";
    let mut words: Vec<String> = vec!["run".into(), "-9223372036854775808..+60".into()];
    words.extend(three("failed").split(' ').map(ToOwned::to_owned));
    words.extend(["--", "sh", "-c", script, "sh", "{}"].map(ToOwned::to_owned));
    folder.run(&words.iter().map(|word| &**word).collect::<Vec<_>>());
    let events = fs::read_to_string(folder.path("large.e")).unwrap();
    fs::write(folder.path("cut.e"), &events[..events.len() / 2]).unwrap();
    let mut pages: Vec<(&str, String)> =
        ["small", "large", "hist", "empty", "failed"].map(|name| (name, page(name))).into();
    pages.push(("cut", folder.page("cut.e")));
    pages.push(("joblog", folder.page("large.l")));
    pages.push(("journal", folder.page("failed.j")));
    pages
}

pub(crate) fn no_page_is_wider_than_its_window() {
    let folder = RunFolder::new("browser");
    let pages = runs(&folder);
    let mut all = String::from("<!DOCTYPE html><meta charset=utf-8><body>");
    for (name, page) in &pages {
        let page = page.replace('&', "&amp;").replace('"', "&quot;");
        for width in WIDTHS {
            let _ = write!(
                all,
                "<iframe title=\"{name}-{width}\" width={width} height=900 style=\"border:0\" srcdoc=\"{page}\"></iframe>"
            );
        }
    }
    let _ = write!(all, "<script>{SCRIPT}</script>");
    fs::write(folder.path("all.html"), all).unwrap();
    let dump = Command::new("timeout")
        .args(["100", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path("profile").display()))
        .arg(format!("file://{}", folder.path("all.html").display()))
        .env("HOME", &folder.0)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let dump = String::from_utf8_lossy(&dump.stdout);
    let result = dump.split_once("RESULT\n").and_then(|(_, rest)| rest.split_once("\nEND"));
    let (result, _) = result.expect("the script of the page has run");
    let lines: Vec<&str> = result.lines().collect();
    assert_eq!(lines.len(), pages.len() * WIDTHS.len(), "{result}");
    for line in lines {
        let [name, fits, marks, low_charts, wide] = line.split('|').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert!(fits == "fits" && wide.is_empty() && low_charts == "0", "{line}");
        let marks: usize = marks.parse().unwrap();
        // Nothing is drawn of an empty range, and of events that end when their workers have begun.
        let may_be_empty = name.starts_with("empty") || name.starts_with("cut");
        assert!(marks < 4000 && (marks > 0 || may_be_empty), "{line}");
    }
}
