//! `--help` of every command, word for word: help and behaviour stay together.

use crate::folder::{Folder, tell};

fn help(arguments: &[&str]) -> String {
    let folder = Folder::new();
    let mut command = folder.command(&[arguments, &["--help"]].concat());
    command.env_remove("COUNTERSIGN_DATA");
    let told = tell(command).ended(0);
    assert_eq!(told.err, "");
    let wide: Vec<&str> = told.out.lines().filter(|line| line.chars().count() > 100).collect();
    assert_eq!(wide, Vec::<&str>::new());
    told.out
}

#[test]
fn every_command_says_what_it_does() {
    let commands: &[&[&str]] = &[
        &[],
        &["quickstart"],
        &["init"],
        &["lint"],
        &["fmt"],
        &["explain"],
        &["schema"],
        &["schema", "policy"],
        &["plan"],
        &["policy"],
        &["policy", "test"],
        &["policy", "explain"],
        &["activate"],
        &["run"],
        &["serve"],
        &["resume"],
        &["undo"],
        &["abandon"],
        &["status"],
        &["why"],
        &["calendar"],
        &["evidence"],
        &["evidence", "show"],
        &["evidence", "checkpoint"],
        &["evidence", "verify"],
        &["doctor"],
        &["completions"],
        &["man"],
    ];
    let mut all = String::new();
    for command in commands {
        let line = [command, &["--help"][..]].concat().join(" ");
        all = format!("{all}$ countersign {line}\n{}\n", help(command));
    }
    // What the language has and this version has not.
    for later in ["exception", "not_in_this_version", "vault", "postgres"] {
        assert!(!all.to_lowercase().contains(later), "help speaks of `{later}`");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn nobody_is_left_alone_with_a_wrong_command_line() {
    let folder = Folder::new();
    folder.run::<&str>(&[]).ended(2).says(&["Usage: countersign", "quickstart"]);
    folder.run(&["quikstart"]).ended(2).says(&["quickstart"]);
    folder.run(&["run"]).ended(2).says(&["<NAME>"]);
    folder.run(&["gate"]).ended(2).says(&["unrecognized subcommand"]);
    let told = folder.run(&["--version"]).ended(0);
    assert_eq!(told.out, format!("countersign {}\n", env!("CARGO_PKG_VERSION")));
    assert!(!folder.data().exists());
}

#[test]
fn a_wrong_level_of_the_log_is_said_before_anything_is_done() {
    let folder = Folder::new();
    let mut command = folder.command(&["quickstart"]);
    command.env("COUNTERSIGN_LOG", "loud");
    tell(command).ended(2).says(&[
        "error[telemetry.level]",
        "`COUNTERSIGN_LOG=loud` is no level",
        "`trace`",
        "unset it",
    ]);
    let mut command = folder.command(&["quickstart"]);
    command.env("COUNTERSIGN_LOG_FORMAT", "xml");
    tell(command).ended(2).says(&["error[telemetry.format]", "`json`", "help: set it to one of the two"]);
    assert!(!folder.data().exists());
}
