//! The page as HTML: its head, and its sections in the order in which a reader asks.

mod answer;
mod chart;
mod failures;
mod html;
mod numbers;
mod origin;
mod over_range;
mod over_time;
mod slowest;
mod summary;

use crate::report_page::ReportPage;
use html::escaped;

const STYLE: &str = include_str!("page/style.css");

/// Nothing but the page's own style: no script, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

impl ReportPage {
    /// The page.
    #[must_use]
    pub fn html(&self) -> String {
        html(self)
    }
}

fn html(page: &ReportPage) -> String {
    let title = escaped(&summary::question(page));
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
         <meta name=color-scheme content=\"light dark\">\n\
         <meta http-equiv=Content-Security-Policy content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    for section in [
        summary::section(page),
        over_range::section(page),
        over_time::section(page),
        failures::section(page),
        slowest::section(page),
        answer::section(page),
        origin::section(page),
        origin::unknown(page),
    ] {
        text.push_str(&section);
    }
    text.push_str("</body>\n</html>\n");
    text
}
