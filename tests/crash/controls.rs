//! Proves of the oracle that it can fail: each broken folder is told.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::command::{Faults, countersign};
use crate::folder::{Case, edit};
use crate::ledger::Book;
use crate::oracle;
use crate::watch::Watch;
use crate::workflows::ROTATE;

fn rotated() -> Case {
    let case = Case::at(ROTATE.stage);
    let ended = countersign(&case.path(), &ROTATE.words("k"), &Faults::default());
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(oracle::at_end(&case.path(), &ROTATE, "k", &["done"]), Vec::<String>::new());
    case
}

fn tells(case: &Case, what: &str) {
    let told = oracle::at_end(&case.path(), &ROTATE, "k", &["done"]);
    assert!(told.iter().any(|one| one.contains(what)), "no `{what}` in {told:?}");
}

fn in_database(folder: &Path, statement: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        let address = format!("sqlite://{}", folder.join("countersign.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&address).await.unwrap();
        let triggers: Vec<String> = sqlx::query_scalar("select name from sqlite_schema where type = 'trigger'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for trigger in triggers {
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("drop trigger {trigger}")))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn an_entry_that_goes_is_told() {
    let case = rotated();
    in_database(&case.path(), "delete from entries where idx = (select max(idx) from entries where kind = 'intent')");
    tells(&case, "the ledger does not hold");
    tells(&case, "is no intent of the ledger");
}

#[test]
fn a_change_without_its_record_is_told() {
    let case = rotated();
    let account = case.path().join("local/accounts/reporting.json");
    let text = fs::read_to_string(&account).unwrap();
    let run = text.rsplit_once("\"entry\": \"").unwrap().1.split_once('/').unwrap().0.to_owned();
    edit(&account, &format!("{run}/"), "r20200101-000000-00000000/");
    tells(&case, "is no intent of the ledger");
    tells(&case, "disagree");
}

#[test]
fn a_key_that_opens_nothing_is_told() {
    let case = rotated();
    edit(&case.path().join("local/accounts/reporting.json"), "\"enabled\": true", "\"enabled\": false");
    tells(&case, "the delivered key opens nothing");

    let case = rotated();
    fs::write(case.path().join("places/client/reporting/key"), "another key").unwrap();
    tells(&case, "the delivered key opens nothing");

    let case = rotated();
    let watch = Watch::start(case.path(), &ROTATE);
    std::thread::sleep(Duration::from_millis(100));
    fs::remove_file(case.path().join("places/client/reporting")).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert!(watch.stop().iter().any(|seen| seen.contains("taken away")));
    tells(&case, "nothing is delivered any more");
}

#[test]
fn what_is_left_over_is_told() {
    let case = rotated();
    fs::write(case.path().join("local/accounts/reporting.json.tmp"), "{}").unwrap();
    tells(&case, "left over");

    let case = rotated();
    fs::create_dir(case.path().join("places/client/.reporting~r20200101-000000-00000000~6")).unwrap();
    tells(&case, "left over");
}

#[test]
fn a_run_that_did_not_end_is_told() {
    let case = Case::at(ROTATE.stage);
    countersign(&case.path(), &ROTATE.words("k"), &Faults::crash("runner.after_grant:2"));
    tells(&case, "the run is open");
    tells(&case, "is answered by []");
    tells(&case, "still held");
    tells(&case, "still pending");
    tells(&case, "live in the target");
    assert_eq!(oracle::at_any_time(&case.path(), &ROTATE), Vec::<String>::new());
}

#[test]
fn two_rotations_for_one_request_are_told() {
    let case = rotated();
    let again = countersign(&case.path(), &ROTATE.words("other"), &Faults::default());
    assert_eq!(again.code, Some(0), "{}", again.err);
    let (first, second) = {
        let book = Book::read(&case.path());
        (book.runs_of(ROTATE.workflow, "k"), book.runs_of(ROTATE.workflow, "other"))
    };
    let book = Book::read(&case.path());
    assert_eq!((book.promoted_by(&first[0]).len(), book.promoted_by(&second[0]).len()), (1, 1));
    assert!(first != second);
    assert_eq!(oracle::at_end(&case.path(), &ROTATE, "other", &["undone"]).len(), 1);
    assert_eq!(oracle::at_end(&case.path(), &ROTATE, "never asked", &["done"]), ["one request made 0 runs"]);
}

/// A point that is never passed kills nobody: a matrix over such points would be a matrix over nothing.
#[test]
fn a_point_that_is_not_there_does_not_fire() {
    let case = Case::at(ROTATE.stage);
    let ended = countersign(&case.path(), &ROTATE.words("k"), &Faults::crash("runner.nowhere:1"));
    assert_eq!((ended.code, ended.crashed_at()), (Some(0), None));
    for (name, count) in ROTATE.points {
        let case = Case::at(ROTATE.stage);
        let beyond = format!("{name}:{}", count + 1);
        let ended = countersign(&case.path(), &ROTATE.words("k"), &Faults::crash(&beyond));
        assert_eq!((ended.code, ended.crashed_at()), (Some(0), None), "{beyond}");
    }
}
