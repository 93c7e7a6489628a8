//! A run that waits is a row: a thousand of them cost the server no task, and each goes on at its own instant.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use countersign_warrant::{Kind, Timestamp};
use futures_util::StreamExt as _;

use super::house::House;
use crate::clock::Clock as _;
use crate::serve::Asked;

/// How many wait; `COUNTERSIGN_WAITING` says otherwise.
const WAITING: usize = 1000;

/// So many are asked for at one instant; the next ones a second later.
const TOGETHER: usize = 50;

/// How long each waits.
const WAIT: Duration = Duration::from_hours(30 * 24);

const WORKFLOW: &str = "apiVersion: countersign/v1
kind: Workflow
metadata: {name: patient, owner: {team: platform, person: dana@example.com}, purpose: many of them wait at once}
subject: {connector: local, kind: account, name: \"${{ inputs.account }}\"}
on: {request: {inputs: {account: {type: string, min_length: 1}}}}
steps:
  - {id: gate, policy: {action: rotate}}
  - {id: pause, wait: {for: 30d}}
  - id: rotate
    when: context.facts.exists
    rotate:
      strategy: dual_slot
      generate: {length: 43, alphabet: url_safe}
      distribute: [{to: files/client, path: \"${{ inputs.account }}\", fields: {key: \"${{ steps.rotate.key }}\"}}]
      soak: 1h
  - {id: seal, evidence: {retain: 1y}}
";

/// How many tasks are alive here, as soon as so many are, or after a while.
async fn tasks_but(at_most: usize) -> usize {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for _ in 0..500 {
        if alive() <= at_most {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    alive()
}

/// What this process has in memory for itself, in kilobytes.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// rel:P4: durable waits hold no task.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_wait_are_rows_and_wake_at_their_instants() {
    let number = std::env::var("COUNTERSIGN_WAITING").ok().and_then(|number| number.parse().ok()).unwrap_or(WAITING);
    let workflows = [("patient".to_owned(), WORKFLOW.to_owned())];
    let mut house = House::new("2027-01-02T13:00:00Z", "", &workflows).await;
    house.serve().await;
    house.settle().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (at_rest, memory, began) =
        (tokio::runtime::Handle::current().metrics().num_alive_tasks(), resident_kb(), Instant::now());
    let mut wakes = BTreeMap::<Timestamp, usize>::new();
    for first in (0..number).step_by(TOGETHER) {
        house.clock.advance(Duration::from_secs(1));
        let together = first..number.min(first + TOGETHER);
        *wakes.entry(house.clock.now().plus_millis(30 * 86_400_000)).or_default() += together.len();
        let handle = house.handle();
        let asking = futures_util::stream::iter(together).for_each_concurrent(16, |account| {
            let inputs = BTreeMap::from([("account".to_owned(), format!("a{account:05}"))]);
            let asked = Asked { workflow: "patient".to_owned(), inputs, ..Asked::default() };
            let handle = handle.clone();
            async move { drop(handle.begin(asked, None, "dana".to_owned()).await.unwrap()) }
        });
        asking.await;
        house.settle().await;
    }
    let waiting = tasks_but(at_rest).await;
    println!(
        "{number} wait after {:?}: {waiting} tasks, {at_rest} at rest; {memory} kB before, {} kB now",
        began.elapsed(),
        resident_kb()
    );
    let open = house.installation().store.open_by_workflow().await.unwrap();
    assert_eq!(
        open.iter().map(|open| (open.state.as_str(), open.number)).collect::<Vec<_>>(),
        [("waiting", number as u64)]
    );
    assert!(waiting <= at_rest, "{waiting} tasks are alive, and {at_rest} at rest");

    let first = *wakes.keys().next().unwrap();
    house.advance_to(Timestamp::from_micros(first.micros() - 1));
    house.settle().await;
    assert_eq!(house.count(Kind::Closed).await, 0, "nobody wakes before its instant");
    house.go_on_until(first.plus_millis(WAIT.as_secs() * 1000), Duration::ZERO).await;
    let mut closed = BTreeMap::<Timestamp, usize>::new();
    for at in house.stamps(Kind::Closed).await {
        *closed.entry(at).or_default() += 1;
    }
    assert_eq!(closed, wakes);
    house.stop().await;
}
