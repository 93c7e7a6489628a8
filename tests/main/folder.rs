//! Data folders to try the binary on, and the binary itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// The built binary.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_countersign");

/// Longer than any command of these tests takes, on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    /// The same, when it ended with that code.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "ended otherwise\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// The JSON document on standard output, which holds nothing else.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// Fails unless standard error, line breaks aside, has each of these.
    pub(crate) fn says(&self, words: &[&str]) {
        let text = self.err.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(text.contains(word), "`{word}` is not said:\n{}", self.err);
        }
    }
}

/// A data folder in a temporary folder.
pub(crate) struct Folder {
    temporary: tempfile::TempDir,
}

/// A folder after its first quickstart, made once; its soak is shortened, so that a rotation takes no time.
static TOURED: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Folder::new();
    folder.run(&["quickstart"]).ended(0);
    folder.edit("workflows/rotate-reporting-key.yaml", "soak: 2s", "soak: 50ms");
    folder.activate();
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let template = root.join(format!("toured-{}", std::process::id()));
    for old in fs::read_dir(root).unwrap().flatten() {
        let name = old.file_name().to_string_lossy().into_owned();
        if let Some(pid) = name.strip_prefix("toured-")
            && (!Path::new("/proc").join(pid).exists() || old.path() == template)
        {
            let _ = fs::remove_dir_all(old.path());
        }
    }
    copy(&folder.data(), &template);
    template
});

impl Folder {
    /// There is no data folder yet.
    pub(crate) fn new() -> Self {
        Self { temporary: tempfile::tempdir().unwrap() }
    }

    /// A copy of the folder after its first quickstart.
    pub(crate) fn toured() -> Self {
        let folder = Self::new();
        copy(&TOURED, &folder.data());
        folder
    }

    /// The temporary folder around the data folder.
    pub(crate) fn around(&self) -> &Path {
        self.temporary.path()
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.around().join("data")
    }

    /// A file in the data folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.data().join(name)
    }

    /// The command line on this folder, not started: nothing of this process's environment reaches it.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(BINARY);
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    /// Gives a command the environment of these tests.
    pub(crate) fn prepare(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.around()).env("COUNTERSIGN_DATA", self.data());
        command.stdin(Stdio::null());
    }

    /// Runs it to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Told {
        tell(self.command(arguments))
    }

    /// Starts it, and gives its lines as they come.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::of(self.command(arguments))
    }

    /// Makes the folder's `workflows/` current.
    pub(crate) fn activate(&self) {
        self.run(&["activate".as_ref(), self.path("workflows").as_os_str()]).ended(0);
    }

    /// Replaces a part of a file, which is there once.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {name}");
        fs::write(self.path(name), text.replace(from, to)).unwrap();
    }

    /// Lets the rotation deliver where the embedded client does not look, which nobody is to be left without.
    pub(crate) fn deliver_elsewhere(&self, path: &str) {
        const FILE: &str = "workflows/rotate-reporting-key.yaml";
        self.edit(FILE, "path: reporting", &format!("path: {path}"));
        self.edit(FILE, "  - id: rotate\n", "  - id: rotate\n    leaves: [{to: files/client, path: reporting}]\n");
    }

    /// Fails unless the whole ledger verifies; its size.
    pub(crate) fn verifies(&self) -> u64 {
        let report = self.run(&["evidence", "verify", "--json"]).ended(0).json();
        assert_eq!(report["verified"], true);
        report["size"].as_u64().unwrap()
    }

    /// What the command says there is, without what the time alone makes another.
    pub(crate) fn status(&self) -> Value {
        let mut status = self.run(&["status", "--json"]).ended(0).json();
        status.as_object_mut().unwrap().retain(|name, _| name != "at" && name != "subjects");
        status
    }

    /// What the targets hold: the embedded directory and the delivered files. What was seen of callers is left out: the
    /// embedded client calls whenever a command runs.
    pub(crate) fn targets(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut tree = tree(&self.path("local"));
        tree.retain(|path, _| !path.starts_with("seen"));
        tree.extend(tree_below(&self.path("places"), Path::new("places")));
        tree
    }

    /// Changes the database behind the binary's back, its rules taken off before.
    pub(crate) fn tamper(&self, statements: &[&str]) {
        self.tamper_with("%", statements);
    }

    /// The same with the rules of one table only: what is written after it works.
    pub(crate) fn tamper_with(&self, table: &str, statements: &[&str]) {
        block_on(async {
            let mut connection = self.connect().await;
            let rules = "select name from sqlite_schema where type = 'trigger' and tbl_name like ?";
            let rules: Vec<String> = sqlx::query_scalar(rules).bind(table).fetch_all(&mut connection).await.unwrap();
            let rules = rules.iter().map(|name| format!("drop trigger {name}"));
            let statements = statements.iter().map(|&statement| statement.to_owned());
            for statement in rules.chain(statements) {
                sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
            }
            sqlx::Connection::close(connection).await.unwrap();
        });
    }

    /// One value of the database.
    pub(crate) fn ask<T>(&self, question: &'static str) -> T
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        block_on(async {
            let mut connection = self.connect().await;
            let answer = sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap();
            sqlx::Connection::close(connection).await.unwrap();
            answer
        })
    }

    /// Waits until something is so.
    pub(crate) fn waits_until(&self, is_so: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < until, "it never came to be so in {}", self.path(".").display());
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Rows of a name and bytes.
    pub(crate) fn rows(&self, question: &'static str) -> Vec<(String, Vec<u8>)> {
        block_on(async {
            let mut connection = self.connect().await;
            let rows = sqlx::query_as(question).fetch_all(&mut connection).await.unwrap();
            sqlx::Connection::close(connection).await.unwrap();
            rows
        })
    }

    /// Does something while the database takes no other write.
    pub(crate) fn locked<T>(&self, work: impl FnOnce() -> T) -> T {
        block_on(async {
            let mut connection = self.connect().await;
            sqlx::raw_sql("begin immediate").execute(&mut connection).await.unwrap();
            let done = work();
            sqlx::raw_sql("rollback").execute(&mut connection).await.unwrap();
            sqlx::Connection::close(connection).await.unwrap();
            done
        })
    }

    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path("countersign.db")).connect().await.unwrap()
    }
}

/// Runs a command to its end.
pub(crate) fn tell(command: Command) -> Told {
    let output = assert_cmd::Command::from_std(command).timeout(PATIENCE).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Told { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// Waits for a future of the test's own.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A command under way; killed when dropped.
pub(crate) struct Running {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    errors: std::thread::JoinHandle<String>,
    out: String,
}

impl Running {
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = std::sync::mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let errors = std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).fold(String::new(), |text, line| text + &line + "\n")
        });
        Self { child, lines, errors, out: String::new() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads on until a line has these words.
    pub(crate) fn reaches(&mut self, words: &str) {
        self.line(words);
    }

    /// The first line from here on that has these words.
    pub(crate) fn line(&mut self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("`{words}` was never said:\n{}", self.out));
            self.out.push_str(&line);
            self.out.push('\n');
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Sends a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end. A killed one has the code -1.
    pub(crate) fn end(mut self) -> Told {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "it does not end:\n{}", self.out);
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut out = std::mem::take(&mut self.out);
        for line in &self.lines {
            out.push_str(&line);
            out.push('\n');
        }
        let errors = std::mem::replace(&mut self.errors, std::thread::spawn(String::new));
        Told { code: status.code().unwrap_or(-1), out, err: errors.join().unwrap() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, or a test that failed: in neither case is there more to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every file below a folder, by its path in it; a link by what it points to.
pub(crate) fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    tree_below(root, Path::new(""))
}

/// The files that differ. What `SQLite` keeps beside a database that was read counts only where it holds pages.
pub(crate) fn changes<'a>(
    before: &'a BTreeMap<PathBuf, Vec<u8>>,
    after: &'a BTreeMap<PathBuf, Vec<u8>>,
) -> Vec<&'a Path> {
    let scratch = |path: &Path| {
        let empty = after.get(path).is_none_or(Vec::is_empty);
        path.ends_with("countersign.db-shm") || (path.ends_with("countersign.db-wal") && empty)
    };
    let differs = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
    let found: BTreeSet<&Path> = differs.map(PathBuf::as_path).filter(|path| !scratch(path)).collect();
    found.into_iter().collect()
}

fn tree_below(folder: &Path, named: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, named) = (entry.path(), named.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(tree_below(&path, &named));
        } else if kind.is_symlink() {
            found.insert(named, fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
        } else if let Ok(bytes) = fs::read(&path) {
            // A file of a folder in use may be gone by now.
            found.insert(named, bytes);
        }
    }
    found
}

/// Copies a folder with modes and links.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&path, &target);
        } else if kind.is_symlink() {
            symlink(fs::read_link(&path).unwrap(), target).unwrap();
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}
