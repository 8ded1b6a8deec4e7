//! Files of pictures: one SVG with a frame below the other, or a page of HTML with frames to click through.
//!
//! Both are self-contained, and light or dark as the reader's system is.

use super::{Frame, WIDTH, escaped};
use crate::wiring::table;
use evenly_inspect::{Language, say};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Colours and fonts of both files.
const STYLE: &str = include_str!("style.css");
/// Colours and layout of the page around the pictures.
const PAGE_STYLE: &str = include_str!("page.css");
/// Moves between the frames.
const SCRIPT: &str = include_str!("page.js");
/// Space above and between the frames of an SVG.
const MARGIN: usize = 28;
/// Characters on a line of text above a picture.
const CHARACTERS: usize = 118;

/// The frames so far, and the files that have them.
pub(crate) struct Album {
    files: Vec<PathBuf>,
    language: Language,
    frames: Vec<Frame>,
    has_failed: bool,
}

impl Album {
    pub(crate) fn new(files: Vec<PathBuf>, language: Language) -> Self {
        Self { files, language, frames: Vec::new(), has_failed: false }
    }

    /// Whether there is a file to draw for.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.files.is_empty()
    }

    /// Adds a frame and writes the files again, so that they are whole after each stage. The first error is returned.
    pub(crate) fn add(&mut self, frame: Frame) -> Result<(), String> {
        self.frames.push(frame);
        if self.has_failed {
            return Ok(());
        }
        for file in &self.files {
            let is_html = is_html(file);
            let text = if is_html { self.html() } else { self.svg() };
            if let Err(cause) = fs::write(file, text) {
                self.has_failed = true;
                let file = evenly::internal::quoted(file);
                return Err(format!("cannot write the pictures to {file}: {cause}"));
            }
        }
        Ok(())
    }

    fn svg(&self) -> String {
        let mut body = String::new();
        let mut top = MARGIN;
        for frame in &self.frames {
            let _ = write!(
                body,
                r#"<text class="title" x="{MARGIN}" y="{}">{}</text>"#,
                top + 24,
                escaped(&frame.title)
            );
            top += 52;
            top = paragraph(&mut body, "meaning", &frame.meaning, top);
            let _ = write!(body, r#"<g transform="translate({MARGIN} {top})">{}</g>"#, frame.body);
            top += frame.height + 28;
            top = paragraph(&mut body, "forgotten", &frame.forgotten, top);
            top += 2 * MARGIN;
        }
        let width = WIDTH + 2 * MARGIN;
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" height="{top}"><style>{STYLE}</style><rect class="paper" width="100%" height="100%"/>{body}</svg>
"#
        )
    }

    fn html(&self) -> String {
        let language = self.language;
        let tag = say!(language, "en", "es");
        let title = say!(
            language,
            "Processes and pipes, stage by stage",
            "Procesos y pipes, etapa por etapa"
        );
        let (back, next) = (say!(language, "Back", "Atrás"), say!(language, "Next", "Siguiente"));
        let mut links = String::new();
        let mut frames = String::new();
        for (number, frame) in (1..).zip(&self.frames) {
            let heading = escaped(&frame.title);
            let _ = write!(links, r##"<a href="#stage{number}">{heading}</a>"##);
            let _ = writeln!(
                frames,
                r#"<section id="stage{number}"><h2>{heading}</h2><p>{}</p><div class="picture" tabindex="0"><svg viewBox="0 0 {WIDTH} {}" role="img" aria-label="{heading}">{}</svg></div><p class="forgotten">{}</p></section>"#,
                escaped(&frame.meaning),
                frame.height,
                frame.body,
                escaped(&frame.forgotten)
            );
        }
        format!(
            r#"<!DOCTYPE html>
<html lang="{tag}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>{title}</title><style>{STYLE}{PAGE_STYLE}</style></head>
<body><h1>{title}</h1><nav>{links}</nav>
<div class="buttons"><button id="back">← {back}</button><button id="next">{next} →</button></div>
<main>
{frames}</main>
<script>{SCRIPT}</script></body></html>
"#
        )
    }
}

/// Whether the name asks for a page.
fn is_html(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "html")
}

/// Lines of text below each other; where the next one stands.
fn paragraph(body: &mut String, class: &str, text: &str, mut top: usize) -> usize {
    for line in table::wrapped(text, CHARACTERS, "").lines() {
        let _ = write!(
            body,
            r#"<text class="{class}" x="{MARGIN}" y="{top}">{}</text>"#,
            escaped(line)
        );
        top += 24;
    }
    top
}
