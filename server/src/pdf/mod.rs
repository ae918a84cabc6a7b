//! Sheets of paper as PDF files: the same sheet gives the same bytes.

mod font;

use app::sheets::{Cell, Sheet};
use font::Face;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

/// A sheet could not be made.
#[derive(Debug, thiserror::Error)]
#[error("PDF not made: {0}")]
pub struct PdfError(String);

/// A4, in points of 1/72 inch.
const PAGE: (f32, f32) = (595.28, 841.89);
/// What is left empty at the sides.
const MARGIN: f32 = 56.0;
/// Below this no line begins.
const BOTTOM: f32 = PAGE.1 - 84.0;
/// Where the foot of the page is.
const FOOT: f32 = PAGE.1 - 42.0;

const TEXT: f32 = 9.5;
const SMALL: f32 = 7.5;
const TITLE: f32 = 18.0;

/// From one line to the next, for letters of this size.
fn leading(size: f32) -> f32 {
    size * 1.4
}

/// One thing to be drawn on a page, in the order of reading.
enum Ink {
    Text { x: f32, y: f32, size: f32, bold: bool, text: String },
    Rule { y: f32 },
}

/// Where the next line goes, and what was set so far.
struct Setter<'a> {
    plain: &'a Face,
    bold: &'a Face,
    pages: Vec<Vec<Ink>>,
    y: f32,
}

impl Setter<'_> {
    fn face(&self, bold: bool) -> &Face {
        if bold { self.bold } else { self.plain }
    }

    fn put(&mut self, ink: Ink) {
        if let Some(page) = self.pages.last_mut() {
            page.push(ink);
        }
    }

    fn text(&mut self, x: f32, y: f32, size: f32, bold: bool, text: &str) {
        self.put(Ink::Text { x, y, size, bold, text: text.to_owned() });
    }

    fn text_to(&mut self, right: f32, y: f32, size: f32, bold: bool, text: &str) {
        let x = right - self.face(bold).width(text, size);
        self.text(x, y, size, bold, text);
    }

    fn new_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN + TEXT;
    }

    /// Makes room for so much; `true` where that took a new page.
    fn reserve(&mut self, height: f32) -> bool {
        let is_full = self.y + height > BOTTOM;
        if is_full {
            self.new_page();
        }
        is_full
    }

    /// Sets text over the whole width, in as many lines as it takes.
    fn paragraph(&mut self, text: &str, size: f32) {
        for line in self.plain.wrap(text, size, PAGE.0 - 2.0 * MARGIN) {
            self.reserve(leading(size));
            let y = self.y;
            self.text(MARGIN, y, size, false, &line);
            self.y += leading(size);
        }
    }
}

/// A sheet as a file.
///
/// # Errors
/// When the fonts can't be read or the file can't be written.
pub fn render(sheet: &Sheet) -> Result<Vec<u8>, PdfError> {
    let (plain, bold) = (Face::plain()?, Face::bold()?);
    let mut setter = Setter { plain: &plain, bold: &bold, pages: Vec::new(), y: 0.0 };
    setter.new_page();
    head(&mut setter, sheet);
    table(&mut setter, sheet);
    sums(&mut setter, sheet);
    for note in &sheet.notes {
        setter.y += 6.0;
        setter.paragraph(note, TEXT);
    }
    let Setter { mut pages, .. } = setter;
    let count = pages.len();
    for (index, page) in pages.iter_mut().enumerate() {
        let number = format!("Page {} of {count}", index + 1);
        let x = PAGE.0 - MARGIN - plain.width(&number, SMALL);
        let footer = plain.wrap(&sheet.footer, SMALL, PAGE.0 - 2.0 * MARGIN - 80.0);
        for (line, y) in footer.into_iter().zip([FOOT, FOOT + leading(SMALL)]) {
            page.push(Ink::Text { x: MARGIN, y, size: SMALL, bold: false, text: line });
        }
        page.push(Ink::Text { x, y: FOOT, size: SMALL, bold: false, text: number });
    }
    draw(sheet, &pages, &plain, &bold)
}

fn head(setter: &mut Setter<'_>, sheet: &Sheet) {
    let width = (PAGE.0 - 2.0 * MARGIN) / 2.0 - 10.0;
    let top = setter.y;
    for (lines, x) in [(&sheet.recipient, MARGIN), (&sheet.sender, PAGE.0 / 2.0 + 10.0)] {
        let mut y = top;
        for line in lines.iter().flat_map(|line| setter.plain.wrap(line, TEXT, width)) {
            setter.text(x, y, TEXT, false, &line);
            y += leading(TEXT);
        }
        setter.y = setter.y.max(y);
    }
    setter.y += 30.0;
    let y = setter.y;
    setter.text(MARGIN, y, TITLE, true, &sheet.title);
    setter.y += 22.0;
    for (name, value) in &sheet.facts {
        let y = setter.y;
        setter.text(MARGIN, y, TEXT, false, name);
        for line in setter.plain.wrap(value, TEXT, PAGE.0 - 2.0 * MARGIN - 130.0) {
            let y = setter.y;
            setter.text(MARGIN + 130.0, y, TEXT, false, &line);
            setter.y += leading(TEXT);
        }
    }
    setter.y += 14.0;
}

/// Where each column begins and ends.
fn edges(sheet: &Sheet) -> Vec<(f32, f32)> {
    let whole = PAGE.0 - 2.0 * MARGIN;
    let mut left = MARGIN;
    let mut edges = Vec::new();
    for column in &sheet.columns {
        let right = left + whole * f32::from(column.width) / 100.0;
        edges.push((left, right - 6.0));
        left = right;
    }
    if let Some(last) = edges.last_mut() {
        last.1 += 6.0;
    }
    edges
}

fn table(setter: &mut Setter<'_>, sheet: &Sheet) {
    let edges = edges(sheet);
    table_head(setter, sheet, &edges);
    for row in &sheet.rows {
        let set: Vec<_> = row.iter().zip(&edges).map(|(cell, edge)| wrapped(setter, cell, edge.1 - edge.0)).collect();
        let height =
            set.iter().map(|lines| lines.iter().map(|(_, size)| leading(*size)).sum::<f32>()).fold(0.0, f32::max);
        if setter.reserve(height + 4.0) {
            table_head(setter, sheet, &edges);
        }
        let top = setter.y;
        for ((lines, (left, right)), column) in set.iter().zip(&edges).zip(&sheet.columns) {
            let mut y = top;
            for (line, size) in lines {
                if column.is_number {
                    setter.text_to(*right, y, *size, false, line);
                } else {
                    setter.text(*left, y, *size, false, line);
                }
                y += leading(*size);
            }
        }
        setter.y = top + height + 4.0;
    }
    let y = setter.y - TEXT;
    setter.put(Ink::Rule { y });
    setter.y += 8.0;
}

fn table_head(setter: &mut Setter<'_>, sheet: &Sheet, edges: &[(f32, f32)]) {
    let y = setter.y;
    for (column, (left, right)) in sheet.columns.iter().zip(edges) {
        if column.is_number {
            setter.text_to(*right, y, TEXT, true, column.name);
        } else {
            setter.text(*left, y, TEXT, true, column.name);
        }
    }
    setter.put(Ink::Rule { y: y + 5.0 });
    setter.y += leading(TEXT) + 6.0;
}

fn wrapped(setter: &Setter<'_>, cell: &Cell, width: f32) -> Vec<(String, f32)> {
    let lines = |text: &str, size| setter.plain.wrap(text, size, width).into_iter().map(move |line| (line, size));
    lines(&cell.text, TEXT).chain(lines(&cell.detail, SMALL)).collect()
}

fn sums(setter: &mut Setter<'_>, sheet: &Sheet) {
    // What it comes to stays together.
    setter.reserve(leading(TEXT) * sheet.sums.len() as f32 + 6.0);
    for sum in &sheet.sums {
        let y = setter.y;
        setter.text_to(PAGE.0 - MARGIN - 110.0, y, TEXT, sum.is_strong, &sum.name);
        setter.text_to(PAGE.0 - MARGIN, y, TEXT, sum.is_strong, &sum.amount.to_string());
        setter.y += leading(TEXT);
    }
    setter.y += 6.0;
}

fn draw(sheet: &Sheet, pages: &[Vec<Ink>], plain: &Face, bold: &Face) -> Result<Vec<u8>, PdfError> {
    let mut document = Document::new_with(SerializeSettings::default());
    // Without a time, so that the bytes depend on what is on the sheet only.
    document.set_metadata(Metadata::new().title(sheet.title.clone()).language("en".to_owned()));
    let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| PdfError("no such page".to_owned()))?;
    for inks in pages {
        let mut page = document.start_page_with(settings.clone());
        let mut surface = page.surface();
        for ink in inks {
            match ink {
                Ink::Text { x, y, size, bold: is_bold, text } => {
                    let face = if *is_bold { bold } else { plain };
                    surface.set_stroke(None);
                    surface.set_fill(Some(Fill {
                        paint: black(),
                        opacity: NormalizedF32::ONE,
                        rule: Default::default(),
                    }));
                    face.draw(&mut surface, Point::from_xy(*x, *y), *size, text);
                }
                Ink::Rule { y } => rule(&mut surface, *y),
            }
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| PdfError(format!("{error:?}")))
}

fn black() -> krilla::paint::Paint {
    rgb::Color::new(0, 0, 0).into()
}

fn rule(surface: &mut Surface<'_>, y: f32) {
    let mut path = PathBuilder::new();
    path.move_to(MARGIN, y);
    path.line_to(PAGE.0 - MARGIN, y);
    if let Some(path) = path.finish() {
        surface.set_fill(None);
        surface.set_stroke(Some(Stroke { paint: black(), width: 0.5, ..Stroke::default() }));
        surface.draw_path(&path);
    }
}

#[cfg(test)]
mod tests;
