//! Limits that the database keeps: budgets of teams, open runs at once, and the part of a service that is under way.

use countersign_warrant::{Brake, Entry, Journal as _, JournalError, Kind};

use super::house::{House, closed, fence, name, started};
use crate::settings::Settings;

/// A run of the team and the service; its subject is its own.
fn run_of(run: &str, team: &str, service: Option<&str>) -> Entry {
    let entry = started(run, &format!("local/account/{run}"), None);
    let mut body = entry.predicate().clone();
    body["team"] = team.into();
    body["service"] = service.into();
    let with = Entry::new(entry.id().clone(), Kind::Started, body).unwrap();
    with.with_blobs(entry.blobs().to_vec())
}

async fn begin(house: &House, run: &str, team: &str, service: Option<&str>) -> Result<(), (Brake, String, bool)> {
    match house.ledger.commit(fence(run, 1), vec![run_of(run, team, service)]).await {
        Ok(_) => Ok(()),
        Err(JournalError::Braked { brake, on, until }) => Err((brake, on, until.is_some())),
        Err(other) => panic!("{other:?}"),
    }
}

async fn limit(house: &House, text: &str) {
    let settings = Settings::parse("settings.toml", &format!("version = 1\n{text}")).unwrap();
    house.ledger.arrange_limits(settings.limits()).await.unwrap();
}

#[tokio::test]
async fn a_teams_budget_counts_its_runs_and_no_others() {
    let house = House::new().await;
    limit(&house, "[teams.pay]\nbudget = '2/1h'\n").await;
    begin(&house, "r1", "pay", None).await.unwrap();
    begin(&house, "r2", "pay", None).await.unwrap();
    let spent = (Brake::BudgetSpent, "team pay".to_owned(), true);
    assert_eq!(begin(&house, "r3", "pay", None).await, Err(spent.clone()));
    begin(&house, "r4", "other", None).await.unwrap();
    let store = house.ledger.store();
    let asked = store.limit_reached((Some("pay"), None), &name("local/account/r3"), super::house::now()).await.unwrap();
    assert_eq!(asked.map(|reached| (reached.brake, reached.on)), Some((spent.0, spent.1.clone())));
    // Used is used, also for the process that opens the database next.
    let house = house.reopen("two").await;
    limit(&house, "[teams.pay]\nbudget = '2/1h'\n").await;
    assert_eq!(begin(&house, "r5", "pay", None).await, Err(spent));
    // A larger budget is in force at once.
    limit(&house, "[teams.pay]\nbudget = '900/1h'\n").await;
    begin(&house, "r5", "pay", None).await.unwrap();
    limit(&house, "").await;
    begin(&house, "r6", "pay", None).await.unwrap();
}

#[tokio::test]
async fn a_team_has_so_many_open_runs_at_once() {
    let house = House::new().await;
    limit(&house, "[teams.pay]\nat_once = 2\n").await;
    begin(&house, "r1", "pay", None).await.unwrap();
    begin(&house, "r2", "pay", None).await.unwrap();
    assert_eq!(begin(&house, "r3", "pay", None).await, Err((Brake::AtOnce, "team pay".to_owned(), false)));
    house.ledger.commit(fence("r1", 1), vec![closed("r1", 1)]).await.unwrap();
    begin(&house, "r3", "pay", None).await.unwrap();
}

/// beh:T5 Of a service's subjects so many are under way at once, over all of its runs, but always one.
#[tokio::test]
async fn beh_t5_a_part_of_a_service_is_under_way_at_once() {
    let house = House::new().await;
    limit(&house, "[services.shop]\nin_flight = '50%'\n").await;
    let of = |subject: &str| ("shop".to_owned(), name(subject));
    let in_flight = Err((Brake::InFlight, "service shop".to_owned(), false));
    begin(&house, "r1", "pay", Some("shop")).await.unwrap();
    assert_eq!(begin(&house, "r2", "pay", Some("shop")).await, in_flight, "one of two");
    let four = ["local/account/r1", "local/account/r2", "local/account/r3", "local/account/r4"].map(of);
    house.ledger.arrange_services(four.to_vec()).await.unwrap();
    begin(&house, "r2", "ops", Some("shop")).await.unwrap();
    assert_eq!(begin(&house, "r3", "pay", Some("shop")).await, in_flight, "two of four, of whichever team");
    begin(&house, "r5", "pay", Some("mail")).await.unwrap();
    house.ledger.commit(fence("r1", 1), vec![closed("r1", 1)]).await.unwrap();
    begin(&house, "r3", "pay", Some("shop")).await.unwrap();
}

/// One member of a batch that meets a limit is answered alone.
#[tokio::test(flavor = "multi_thread")]
async fn many_runs_at_once_never_pass_a_limit() {
    let house = House::new().await;
    limit(&house, "[teams.pay]\nat_once = 5\n").await;
    let mut begun = tokio::task::JoinSet::new();
    for number in 0..40 {
        let ledger = std::sync::Arc::clone(&house.ledger);
        let run = format!("r{number}");
        begun.spawn(async move { ledger.commit(fence(&run, 1), vec![run_of(&run, "pay", None)]).await.is_ok() });
    }
    let begun = begun.join_all().await;
    assert_eq!(begun.into_iter().filter(|begun| *begun).count(), 5);
}
