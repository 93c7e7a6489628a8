//! `countersign status`: what there is, one run, one subject.

use crate::folder::{Folder, tell};
use crate::steady::steady;

fn said(folder: &Folder, arguments: &[&str]) -> String {
    let mut command = folder.command(arguments);
    command.env("COLUMNS", "60");
    let told = tell(command).ended(0);
    let long: Vec<&str> = told.out.lines().filter(|line| line.chars().count() > 60).collect();
    let unbroken = |line: &&&str| line.trim().contains(' ') && !line.contains("countersign evidence");
    assert_eq!(long.iter().filter(unbroken).count(), 0, "{long:#?}");
    steady(&told.out)
}

#[test]
fn everything_one_subject_and_one_run_are_shown() {
    let folder = Folder::toured();
    let status = folder.status();
    insta::assert_snapshot!("everything", said(&folder, &["status"]));
    insta::assert_snapshot!("subject", said(&folder, &["status", "local/account/reporting"]));
    let run = status["runs"].as_array().unwrap().iter().find(|run| run["workflow"] == "rotate-reporting-key").unwrap();
    insta::assert_snapshot!("run", said(&folder, &["status", run["run"].as_str().unwrap()]));
    assert_eq!(status["versions"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&status["open_runs"], &status["stuck_runs"], &status["open_intents"]),
        (&0.into(), &0.into(), &0.into())
    );
}

#[test]
fn what_is_not_there_is_said() {
    let folder = Folder::toured();
    for of in ["local/account/nobody", "r20260101-000000-00000000", "nonsense", ""] {
        folder.run(&["status", of]).ended(2).says(&[
            "error[status.not_found]",
            &format!("`{of}`"),
            "countersign status",
        ]);
    }
}
