//! Drawings at several widths, and what they must never hold.

use super::*;

const TEXT: &str = "steps:\n  - id: rotate\n    rotate: {strategy: dual_slot, generate: {length: 43, alphabet: \
                    url_safe}, soke: 2s, verify: [{login: {}}]}\n  - id: seal\n    evidence: {retain: 7y}\n";

const PLAIN: Look = Look { colour: false, unicode: false, width: 60 };

fn unknown(text: &str) -> Diagnostic {
    let at = text.find("soke").unwrap_or_default();
    Diagnostic::error("workflow.unknown_key", "rotate.yaml", text, at..at + 4)
        .message("`soke` does not belong here")
        .help("did you mean `soak`?")
}

fn uncovered() -> Diagnostic {
    let at = TEXT.find("rotate\n").unwrap_or_default();
    Diagnostic::error("workflow.uncovered_change", "rotate.yaml", TEXT, at..at + 6)
        .message("`steps.rotate` changes something, and no policy step before it judges `rotate`")
        .help("put this before it:\n  - id: gate\n    policy: {action: rotate}")
}

fn drawn(found: &[Diagnostic], text: &str, look: Look) -> String {
    draw(found, &|file| (file == "rotate.yaml").then(|| text.to_owned()), look)
}

#[test]
fn sixty_columns_of_ascii_are_enough() {
    insta::assert_snapshot!(drawn(&[unknown(TEXT), uncovered()], TEXT, PLAIN), @r"
    workflow.unknown_key

      x `soke` does not belong here
       ,-[rotate.yaml:3:79]
     2 |   - id: rotate
     3 | ...habet: url_safe}, soke: 2s, verify: [{login: {}}]...
       :                      ^^^^
     4 |   - id: seal
       `----
      help: did you mean `soak`?

    workflow.uncovered_change

      x `steps.rotate` changes something, and no policy step
      | before it judges `rotate`
       ,-[rotate.yaml:2:9]
     1 | steps:
     2 |   - id: rotate
       :         ^^^^^^
     3 |     rotate: {strategy: dual_slot, generate: {length:...
       `----
      help: put this before it:
              - id: gate
                policy: {action: rotate}
    ");
}

#[test]
fn lines_are_drawn_when_asked_for() {
    insta::assert_snapshot!(drawn(&[unknown(TEXT)], TEXT, Look { unicode: true, width: 200, ..PLAIN }), @r"
    workflow.unknown_key

      × `soke` does not belong here
       ╭─[rotate.yaml:3:79]
     2 │   - id: rotate
     3 │     rotate: {strategy: dual_slot, generate: {length: 43, alphabet: url_safe}, soke: 2s, verify: [{login: {}}]}
       ·                                                                               ────
     4 │   - id: seal
       ╰────
      help: did you mean `soak`?
    ");
}

#[test]
fn nothing_is_wider_than_asked_nor_coloured_unasked() {
    for width in [40, 60, 80, 120] {
        for unicode in [false, true] {
            let look = Look { colour: false, unicode, width };
            let drawn = drawn(&[unknown(TEXT), uncovered()], TEXT, look);
            assert!(drawn.lines().all(|line| line.chars().count() <= width), "{width}\n{drawn}");
            assert!(!drawn.contains('\u{1b}') && drawn.is_ascii() != unicode, "{drawn}");
        }
    }
    assert!(drawn(&[unknown(TEXT)], TEXT, Look { colour: true, ..PLAIN }).contains("\u{1b}["));
}

#[test]
fn a_place_without_its_text_is_named_in_words() {
    let other = Diagnostic { file: "gone.yaml".to_owned(), ..unknown(TEXT) };
    assert!(drawn(&[other], TEXT, PLAIN).contains("in gone.yaml:3:79"));
    let end = Diagnostic { line: 9, ..unknown(TEXT) };
    assert!(drawn(&[end], TEXT, PLAIN).contains("in rotate.yaml:9:79"));
}

#[test]
fn a_source_cannot_steer_the_terminal() {
    let text = "a: \u{1b}[31m\u{9b}2J\u{202e} \u{e9}\u{e9} soke\tb\r\n";
    let drawn = drawn(&[unknown(text)], text, PLAIN);
    assert!(!drawn.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\t', '\r']), "{drawn}");
    let lines: Vec<&str> = drawn.lines().collect();
    let columns =
        |needle: &str| lines.iter().rev().find_map(|line| line.find(needle).map(|at| line[..at].chars().count()));
    assert_eq!(columns("soke"), columns("^^^^"), "{drawn}");
}

#[test]
fn a_files_name_cannot_steer_the_terminal() {
    let hostile = "a\u{1b}[2J\n\u{202e}b.yaml";
    for text in [TEXT, ""] {
        let found = Diagnostic { file: hostile.to_owned(), ..unknown(TEXT) };
        let out = draw(&[found], &|_| Some(text.to_owned()), PLAIN);
        assert!(out.contains("a\u{fffd}[2J\u{fffd}\u{fffd}b.yaml"), "{out}");
    }
}
