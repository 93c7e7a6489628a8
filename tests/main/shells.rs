//! `countersign completions` and `man`: what shells and readers of manuals are given.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use crate::folder::Folder;

/// Every subcommand that `--help` lists.
fn commands(folder: &Folder) -> BTreeSet<String> {
    let help = folder.run(&["--help"]).ended(0).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let first = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: BTreeSet<String> = first.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert!(names.contains("status") && names.contains("completions") && names.contains("man") && names.len() > 20);
    names
}

#[test]
fn each_shell_is_given_every_command() {
    let folder = Folder::new();
    let commands = commands(&folder);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.run(&["completions", shell]).ended(0).out;
        let missing: Vec<&String> = commands.iter().filter(|name| !script.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{shell} is not told of {missing:?}");
        assert!(script.contains("owner") && script.contains("idempotency-key"), "{shell} is told of flags");
    }
    let told = folder.run(&["completions", "fish", "--json"]).ended(0).json();
    assert!(told["script"].as_str().unwrap().contains("complete -c countersign"), "{told}");
    folder.run(&["completions", "tcsh"]).ended(2).says(&["bash", "elvish", "fish", "powershell", "zsh"]);
    assert!(!folder.data().exists());
}

#[test]
fn bash_accepts_its_script_and_completes_by_it() {
    let folder = Folder::new();
    let script = folder.run(&["completions", "bash"]).ended(0).out;
    let file = folder.around().join("countersign.bash");
    fs::write(&file, script).unwrap();
    let checked = Command::new("bash").arg("-n").arg(&file).output().unwrap();
    assert!(checked.status.success() && checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
    let asked = "source \"$0\"; COMP_WORDS=(countersign stat); COMP_CWORD=1; _countersign countersign stat countersign; \
                 echo \"${COMPREPLY[@]}\"";
    let mut completed = Command::new("bash");
    let completed = completed.args(["-c", asked]).arg(&file).stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "status");
}

#[test]
fn each_command_has_a_page() {
    let folder = Folder::new();
    let page = folder.run(&["man"]).ended(0).out;
    assert!(page.contains(".TH countersign 1"), "{page}");
    let pages = folder.around().join("share/man");
    let said = folder.run(&["man".as_ref(), "--out".as_ref(), pages.as_os_str()]).ended(0).out;
    assert!(said.contains("pages in "), "{said}");
    for name in commands(&folder).iter().filter(|name| *name != "help") {
        let page = fs::read_to_string(pages.join(format!("countersign-{name}.1"))).unwrap();
        assert!(page.contains(".TH countersign-") && page.contains(".SH DESCRIPTION"), "{name}: {page}");
        assert!(page.len() > 300, "{name}: {page}");
    }
    assert!(fs::read_to_string(pages.join("countersign-evidence-verify.1")).unwrap().contains("checkpoint"));
    fs::write(folder.around().join("file"), "").unwrap();
    let nowhere = folder.around().join("file/man");
    folder.run(&["man".as_ref(), "--out".as_ref(), nowhere.as_os_str()]).ended(1).says(&["error[man.unwritten]"]);
    assert!(!folder.data().exists());
}
