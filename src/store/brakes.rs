//! What keeps changes from beginning: brakes, and limits that are reached.

use countersign_kernel::run::bodies::{BrakeKind, BrakeScope};
use countersign_warrant::{Brake, EntryId, ResourceName, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::read::{parsed, word};
use super::{ReadStoreError, Store};

/// A brake, as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBrake {
    /// Where.
    pub scope: BrakeScope,
    /// What kind.
    pub brake: BrakeKind,
    /// The entry that set it, or that lifted it.
    pub entry: EntryId,
    /// Since when.
    pub since: Timestamp,
    /// Until when, where time alone ends it.
    pub until: Option<Timestamp>,
    /// When it was lifted.
    pub lifted: Option<Timestamp>,
}

impl StoredBrake {
    /// True while it is in force.
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.lifted.is_none() && self.until.is_none_or(|until| until > now)
    }

    /// True where a change of that resource meets it, in a run of that subject.
    pub fn meets(&self, resource: &ResourceName, subject: &ResourceName) -> bool {
        match &self.scope {
            BrakeScope::All => true,
            BrakeScope::Connector(name) => resource.connector() == name,
            BrakeScope::Subject(name) => name == resource || name == subject,
        }
    }

    /// As what a commit is refused for.
    pub const fn as_brake(&self) -> Brake {
        match self.brake {
            BrakeKind::Paused => Brake::Paused,
            BrakeKind::CircuitOpen => Brake::CircuitOpen,
            BrakeKind::Quarantined => Brake::Quarantined,
        }
    }
}

/// A limit that keeps runs from beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Which kind.
    pub brake: Brake,
    /// Where, such as `team payments`.
    pub on: String,
    /// Until when, where time alone ends it.
    pub until: Option<Timestamp>,
}

fn read(row: &SqliteRow) -> Result<StoredBrake, ReadStoreError> {
    let scope: String = row.try_get("scope")?;
    let name: String = row.try_get("name")?;
    let scope = match scope.as_str() {
        "all" => BrakeScope::All,
        "connector" => BrakeScope::Connector(name),
        _ => BrakeScope::Subject(parsed(row, "name")?),
    };
    let instant = |column: &str| Ok::<_, ReadStoreError>(row.try_get::<Option<i64>, _>(column)?);
    Ok(StoredBrake {
        scope,
        brake: word(row, "code")?,
        entry: parsed(row, "entry")?,
        since: Timestamp::from_micros(row.try_get("since")?),
        until: instant("until")?.map(Timestamp::from_micros),
        lifted: instant("lifted")?.map(Timestamp::from_micros),
    })
}

impl Store {
    /// Every brake that was ever set, the newest first.
    pub async fn all_brakes(&self) -> Result<Vec<StoredBrake>, ReadStoreError> {
        let rows = sqlx::query("select * from brakes order by since desc").fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// The brakes that are on at `now`.
    pub async fn brakes(&self, now: Timestamp) -> Result<Vec<StoredBrake>, ReadStoreError> {
        let rows = sqlx::query("select * from brakes where lifted is null order by until is not null, scope, name")
            .fetch_all(&self.readers)
            .await?;
        let all: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|brake| brake.is_on(now)).collect())
    }

    /// One brake, whether it is on or not.
    pub async fn brake(&self, scope: &BrakeScope, brake: BrakeKind) -> Result<Option<StoredBrake>, ReadStoreError> {
        let (scope, name) = scope.parts();
        let row = sqlx::query("select * from brakes where scope = ? and name = ? and code = ?")
            .bind(scope)
            .bind(name)
            .bind(brake.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// True of a resource that some run, trigger or brake has been about.
    pub async fn is_known(&self, resource: &ResourceName) -> Result<bool, ReadStoreError> {
        let known = sqlx::query_scalar(
            "select exists (select 1 from entry_subjects where subject = ?1) or exists (select 1 from due where subject = ?1)",
        );
        Ok(known.bind(resource.as_str()).fetch_one(&self.readers).await?)
    }

    /// What of a team's or a service's limits keeps a run of `subject` from beginning at `now`.
    // WHY: the rules of the database refuse it anyway; asked before, no target is looked at in vain.
    pub async fn limit_reached(
        &self,
        (team, service): (Option<&str>, Option<&str>),
        subject: &ResourceName,
        now: Timestamp,
    ) -> Result<Option<Reached>, ReadStoreError> {
        let row: Option<(String, String, Option<i64>)> = sqlx::query_as(
            "select 'budget_spent', 'team ' || name, tat - burst from limits
                 where scope = 'team' and name = ?1 and every is not null and tat - burst > ?4
             union all
             select 'at_once', 'team ' || name, null from limits
                 where scope = 'team' and name = ?1
                     and at_once <= (select count(*) from runs where team = ?1 and state <> 'closed')
             union all
             select 'in_flight', 'service ' || name, null from limits
                 where scope = 'service' and name = ?2 and percent is not null
                     and max(1, percent * (1 + (
                         select count(*) from service_subjects where service = ?2 and subject <> ?3)) / 100)
                         <= (select count(*) from runs where service = ?2 and state <> 'closed')
             limit 1",
        )
        .bind(team)
        .bind(service)
        .bind(subject.as_str())
        .bind(now.micros())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.and_then(|(word, on, until)| {
            let brake = Brake::WORDS.into_iter().find(|(known, _)| *known == word)?.1;
            Some(Reached { brake, on, until: until.map(Timestamp::from_micros) })
        }))
    }
}
