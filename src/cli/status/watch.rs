//! The same again and again: drawn over itself on a terminal, else one after the other.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::show;
use crate::cli::Stop;
use crate::cli::arguments::Status;
use crate::cli::house::House;
use crate::cli::screen::Screen;
use crate::cli::stop::{DONE, FAILED};
use crate::cli::tell::seconds;
use crate::clock::{Clock as _, SystemClock};

/// To a screen of its own, without a cursor; and back.
const BEGIN: &str = "\x1b[?1049h\x1b[?25l";
const END: &str = "\x1b[?25h\x1b[?1049l";

/// Shows it until Ctrl-C or SIGTERM, or until nobody reads any more.
pub(super) async fn watch(path: &Path, asked: &Status, screen: &Screen) -> Result<u8, Stop> {
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    let [Ok(interrupt), Ok(terminate)] = &mut signals else { return Err(deaf()) };
    let mut resized = signal(SignalKind::window_change()).map_err(|_| deaf())?;
    let is_drawn = std::io::stdout().is_terminal() && !screen.json;
    let keeping = screen.keeping();
    // WHY: what is asked for wrongly is told once, and as any other command tells it.
    let mut frame = taken(path, asked, &keeping).await?;
    let _drawn = is_drawn.then(Drawn::begin);
    loop {
        let put = if is_drawn { draw(&frame, asked.every) } else { append(&frame, screen.json) };
        if put.is_err() {
            return Ok(DONE);
        }
        if over(interrupt, terminate, &mut resized, asked.every).await {
            return Ok(DONE);
        }
        frame = match taken(path, asked, &keeping).await {
            Ok(frame) => frame,
            Err(stop) if screen.json => format!("{}\n", stop.to_json()),
            Err(stop) => stop.to_text(),
        };
    }
}

async fn taken(path: &Path, asked: &Status, keeping: &Screen) -> Result<String, Stop> {
    show(&House::look(path).await?, asked, keeping).await?;
    Ok(keeping.take())
}

/// Waits for the next time; true where it was asked to end.
async fn over(interrupt: &mut Signal, terminate: &mut Signal, resized: &mut Signal, every: u16) -> bool {
    tokio::select! {
        _ = interrupt.recv() => true,
        _ = terminate.recv() => true,
        _ = resized.recv() => false,
        () = tokio::time::sleep(Duration::from_secs(every.into())) => false,
    }
}

fn deaf() -> Stop {
    Stop::new(
        FAILED,
        "status.deaf",
        "signals cannot be heard here, so that nothing would end it",
        "leave `--watch` out",
    )
}

fn append(frame: &str, json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if !json {
        writeln!(out, "--- {}", seconds(&SystemClock.now().to_string()))?;
    }
    out.write_all(frame.as_bytes())?;
    out.flush()
}

/// Over what was drawn before, line by line, so that nothing flickers; what has no room is counted.
fn draw(frame: &str, every: u16) -> std::io::Result<()> {
    let rows = console::Term::stdout().size_checked().map_or(24, |(rows, _)| usize::from(rows));
    let now = seconds(&SystemClock.now().to_string());
    let drawn = fitted(frame, rows, &format!("{now}, every {every} s; Ctrl-C ends it"));
    let mut out = std::io::stdout().lock();
    out.write_all(drawn.as_bytes())?;
    out.flush()
}

/// The frame in so many rows, its heading first.
fn fitted(frame: &str, rows: usize, heading: &str) -> String {
    let lines: Vec<&str> = frame.lines().collect();
    let room = rows.saturating_sub(1).max(2);
    let mut drawn = format!("\x1b[H{heading}\x1b[K");
    let shown = if lines.len() > room { room - 1 } else { lines.len() };
    for line in &lines[..shown] {
        drawn.push_str("\r\n");
        drawn.push_str(line);
        drawn.push_str("\x1b[K");
    }
    if shown < lines.len() {
        let more = lines.len() - shown;
        drawn = format!("{drawn}\r\n... and {more} more lines\x1b[K");
    }
    drawn + "\x1b[J"
}

/// The terminal's own screen comes back when this goes, however the command ends.
struct Drawn;

impl Drawn {
    fn begin() -> Self {
        Screen::raw(BEGIN);
        Self
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        Screen::raw(END);
        // WHY: the reader of a terminal sees it at once; nobody else is there.
        let _ = std::io::stdout().flush();
    }
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn what_has_no_room_is_counted() {
        let lines = |rows: usize| -> Vec<String> {
            let drawn = fitted("a\nb\nc\nd\n", rows, "now");
            assert!(drawn.starts_with("\x1b[Hnow\x1b[K") && drawn.ends_with("\x1b[J"), "{drawn:?}");
            let text = drawn.replace("\x1b[H", "").replace("\x1b[K", "").replace("\x1b[J", "");
            text.split("\r\n").map(str::to_owned).collect()
        };
        assert_eq!(lines(5), ["now", "a", "b", "c", "d"]);
        assert_eq!(lines(4), ["now", "a", "b", "... and 2 more lines"]);
        assert_eq!(lines(0).len(), 3);
    }
}
