//! Limits: how much may begin in a time, how much at once, and when a provider or a subject is left alone.

use std::collections::BTreeMap;

use countersign_warrant::Timestamp;
use toml::de::DeTable;

use super::read::{Reader, Table, Value, value};
/// A limit as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// `connector`, `team` or `service`.
    pub scope: &'static str,
    /// Which of them.
    pub name: String,
    /// One use in so many microseconds, in the long run.
    pub every: Option<i64>,
    /// How far ahead of that uses may come, in microseconds.
    pub burst: i64,
    /// So many runs of a team are open at once.
    pub at_once: Option<u32>,
    /// So many of a service's subjects are under way at once, in percent, but always one.
    pub percent: Option<u32>,
}

/// So many uses in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many, 1 to 1,000,000,000.
    pub uses: u32,
    /// In how many milliseconds, 1,000 to 31,622,400,000.
    pub period_ms: u64,
}

impl Budget {
    /// One use in so many microseconds, and how far ahead of that uses may come.
    fn paces(self) -> (i64, i64) {
        let every = (self.period_ms.saturating_mul(1000) / u64::from(self.uses)).max(1);
        let every = i64::try_from(every).unwrap_or(i64::MAX);
        (every, every.saturating_mul(i64::from(self.uses) - 1))
    }
}

/// The limits of a connector instance, or of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budgeted {
    /// Of a connector so many changes in a time, of a team so many runs.
    pub budget: Option<Budget>,
    /// So many at once.
    pub at_once: Option<u32>,
}

/// When a provider is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// After so many attempts that failed in a row.
    pub failures: u32,
    /// Within so many milliseconds.
    pub within_ms: u64,
    /// For so many milliseconds; twice as long after each further failure, up to an hour.
    pub open_ms: u64,
}

/// When a subject takes no trigger any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarantine {
    /// After so many runs that failed in a row.
    pub failures: u32,
    /// Within so many milliseconds.
    pub within_ms: u64,
}

/// The limits beside those of connectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// By the team that owns workflows.
    pub teams: BTreeMap<String, Budgeted>,
    /// How many of a service's subjects may be under way at once, in percent; by the service.
    pub services: BTreeMap<String, u32>,
    /// When a provider is left alone.
    pub breaker: Breaker,
    /// When a subject takes no trigger.
    pub quarantine: Quarantine,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            teams: BTreeMap::new(),
            services: BTreeMap::new(),
            breaker: Breaker { failures: 10, within_ms: 300_000, open_ms: 60_000 },
            quarantine: Quarantine { failures: 5, within_ms: 86_400_000 },
        }
    }
}

impl super::Settings {
    /// The limits as the database keeps them.
    pub fn limits(&self) -> Vec<Limit> {
        let of = |scope, name: &String, limits: &Budgeted| {
            let (every, burst) = limits.budget.map(Budget::paces).unzip();
            let (burst, at_once) = (burst.unwrap_or_default(), limits.at_once);
            Limit { scope, name: name.clone(), every, burst, at_once, percent: None }
        };
        let connectors = self.connectors.iter().map(|(name, connector)| of("connector", name, &connector.limits));
        let teams = self.limits.teams.iter().map(|(name, limits)| of("team", name, limits));
        let services = self
            .limits
            .services
            .iter()
            .map(|(name, percent)| Limit { percent: Some(*percent), ..of("service", name, &Budgeted::default()) });
        connectors.chain(teams).chain(services).collect()
    }
}

impl<'t> Reader<'t> {
    pub(super) fn limits(&mut self, top: &DeTable<'t>) -> Limits {
        let mut limits = Limits::default();
        for (name, table) in self.named_tables(top, "teams") {
            self.known(table.get_ref(), "a team", &["budget", "at_once"]);
            let budgeted = self.budgeted(
                &table,
                &format!(
                    "leave it out; to keep all of {name}'s runs from beginning, take their workflows out of the set"
                ),
            );
            limits.teams.insert(name, budgeted);
        }
        for (name, table) in self.named_tables(top, "services") {
            self.known(table.get_ref(), "a service", &["in_flight"]);
            let help = "say how many of its subjects may be under way at once: `in_flight = \"25%\"`";
            let given = self.needed(&table, "in_flight", help);
            if let Some(percent) = given.and_then(|given| self.percent(given)) {
                limits.services.insert(name, percent);
            }
        }
        if let Some(table) = self.one_table(top, "breaker", &["failures", "within", "open"]) {
            let breaker = &mut limits.breaker;
            self.change(&table, "failures", &mut breaker.failures, Self::number);
            self.change(&table, "within", &mut breaker.within_ms, Self::period_ms);
            self.change(&table, "open", &mut breaker.open_ms, Self::period_ms);
        }
        if let Some(table) = self.one_table(top, "quarantine", &["failures", "within"]) {
            let quarantine = &mut limits.quarantine;
            self.change(&table, "failures", &mut quarantine.failures, Self::number);
            self.change(&table, "within", &mut quarantine.within_ms, Self::period_ms);
        }
        limits
    }

    /// `budget` and `at_once` of a table; `instead` is what to do where one is 0.
    pub(super) fn budgeted(&mut self, table: &Table<'t>, instead: &str) -> Budgeted {
        let budget = value(table.get_ref(), "budget").and_then(|given| self.budget(given, instead));
        let at_once = value(table.get_ref(), "at_once").and_then(|given| self.at_once(given, instead));
        Budgeted { budget, at_once }
    }

    /// `[clock] trusted_until`: a day, or an instant.
    pub(super) fn clock(&mut self, top: &DeTable<'t>) -> Option<Timestamp> {
        let table = self.one_table(top, "clock", &["trusted_until"])?;
        let given = value(&table, "trusted_until")?;
        let text = self.word(given)?;
        let instant = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let found = instant.parse().ok();
        if found.is_none() {
            let help = "write a day, such as `2028-01-31`, or an instant, such as `2028-01-31T12:00:00Z`";
            self.error("settings.value", given.span(), format!("`{text}` is neither a day nor an instant"), help);
        }
        found
    }

    fn one_table(&mut self, top: &DeTable<'t>, name: &str, known: &[&str]) -> Option<DeTable<'t>> {
        let table = value(top, name).and_then(|given| self.table(given).cloned())?;
        self.known(&table, &format!("`{name}`"), known);
        Some(table)
    }

    fn change<T>(
        &mut self,
        table: &DeTable<'t>,
        key: &str,
        to: &mut T,
        read: impl FnOnce(&mut Self, &Value<'t>) -> Option<T>,
    ) {
        if let Some(found) = value(table, key).and_then(|given| read(self, given)) {
            *to = found;
        }
    }

    fn budget(&mut self, given: &Value<'t>, instead: &str) -> Option<Budget> {
        let text = self.word(given)?;
        let help = "write how many in which time, such as `600/1h` or `20/1d`";
        let Some((uses, period)) = text.split_once('/') else {
            self.error("settings.value", given.span(), format!("`{text}` is no budget"), help);
            return None;
        };
        let uses = uses.trim().parse::<u32>().ok().filter(|uses| *uses <= 1_000_000_000);
        match (uses, period_ms(period.trim())) {
            (Some(0), _) => {
                let message = format!("`{text}` would let nothing begin, ever");
                self.error("settings.value", given.span(), message, instead);
                None
            }
            (Some(uses), Some(period_ms)) => Some(Budget { uses, period_ms }),
            _ => {
                self.error("settings.value", given.span(), format!("`{text}` is no budget"), help);
                None
            }
        }
    }

    fn at_once(&mut self, given: &Value<'t>, instead: &str) -> Option<u32> {
        match integer(given) {
            Some(0) => {
                self.error("settings.value", given.span(), "0 at once would let nothing begin, ever", instead);
                None
            }
            _ => self.number(given),
        }
    }

    fn number(&mut self, given: &Value<'t>) -> Option<u32> {
        let number = integer(given).and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (1..=10_000).contains(number));
        if number.is_none() {
            self.error("settings.value", given.span(), "this is not a number from 1 to 10000", "write such a number");
        }
        number
    }

    fn percent(&mut self, given: &Value<'t>) -> Option<u32> {
        let text = self.word(given)?;
        let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
        let percent = percent.filter(|percent| (1..=100).contains(percent));
        if percent.is_none() {
            let help = "write a part from `1%` to `100%`; one subject may always be under way";
            self.error("settings.value", given.span(), format!("`{text}` is no such part"), help);
        }
        percent
    }

    fn period_ms(&mut self, given: &Value<'t>) -> Option<u64> {
        let text = self.word(given)?;
        let found = period_ms(text);
        if found.is_none() {
            let help = "write a number with its unit, from `1s` to `366d`, such as `5m`";
            self.error("settings.value", given.span(), format!("`{text}` is no such time"), help);
        }
        found
    }
}

fn integer(given: &Value<'_>) -> Option<u64> {
    let number = given.get_ref().as_integer().filter(|number| number.radix() == 10)?;
    number.as_str().parse().ok()
}

/// `90s`, `5m`, `1h`, `7d`: 1 second to 366 days.
fn period_ms(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at))?);
    let secs: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let number: u64 = number.parse().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    number.checked_mul(secs).filter(|secs| (1..=366 * 86_400).contains(secs)).map(|secs| secs * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_unit_and_bounds() {
        assert_eq!(period_ms("90s"), Some(90_000));
        assert_eq!(period_ms("7d"), Some(7 * 86_400_000));
        for bad in ["", "s", "0s", "1", "1.5h", "+1h", "367d", "1w", "99999999999999999999d", "é"] {
            assert_eq!(period_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_budget_is_a_pace_with_room_for_all_of_it_at_once() {
        assert_eq!(Budget { uses: 600, period_ms: 3_600_000 }.paces(), (6_000_000, 599 * 6_000_000));
        assert_eq!(Budget { uses: 1, period_ms: 1000 }.paces(), (1_000_000, 0));
        assert_eq!(Budget { uses: 1_000_000_000, period_ms: 1000 }.paces(), (1, 999_999_999));
    }
}
