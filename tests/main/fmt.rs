//! `countersign fmt`: files are laid out in place, once, and never when one of them cannot be read.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::folder::{Folder, copy, tell, tree};

fn set() -> Folder {
    let folder = Folder::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows"), &folder.around().join("set"));
    folder
}

fn fmt(folder: &Folder, arguments: &[&str]) -> crate::folder::Told {
    let mut command = folder.command(&[&["fmt"], arguments].concat());
    command.current_dir(folder.around());
    tell(command)
}

#[test]
fn the_shipped_files_stay_as_they_are() {
    let folder = set();
    let before = tree(&folder.around().join("set"));
    assert_eq!(fmt(&folder, &["set"]).ended(0).out, "17 files: laid out as they should be\n");
    fmt(&folder, &["set", "--check"]).ended(0);
    assert_eq!(tree(&folder.around().join("set")), before);
}

#[test]
fn a_file_is_laid_out_in_its_place_with_its_mode_and_through_its_link() {
    let folder = set();
    let path = folder.around().join("set/ca-root.yaml");
    let good = fs::read_to_string(&path).unwrap();
    let loose =
        good.replace("  name: ca-root", "      name:   'ca-root'").replace("kind: Workflow", "kind:    Workflow   ");
    let loose = loose
        .replace("  owner:", "      owner:")
        .replace("  purpose:", "      purpose:")
        .replace("  controls:", "      controls:");
    fs::write(&path, &loose).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("ca-root.yaml", folder.around().join("set/linked.yaml")).unwrap();
    let told = fmt(&folder, &["set/linked.yaml", "--check"]).ended(1);
    assert_eq!(told.out, "would change  set/linked.yaml\n1 file: 1 would change\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), loose);
    let report = fmt(&folder, &["set/linked.yaml", "--json"]).ended(0).json();
    assert_eq!(report, serde_json::json!({"files": 1, "changed": ["set/linked.yaml"], "written": true}));
    assert_eq!(fs::read_to_string(&path).unwrap(), good.replace("name: ca-root", "name: \"ca-root\""));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(folder.around().join("set/linked.yaml")).unwrap().is_symlink());
    fmt(&folder, &["set/linked.yaml", "--check"]).ended(0);
    let names: Vec<_> =
        fs::read_dir(folder.around().join("set")).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{names:?}");
}

#[test]
fn nothing_is_written_when_one_file_cannot_be_read() {
    let folder = set();
    fs::write(folder.around().join("set/a.yaml"), "a:    1\n").unwrap();
    fs::write(folder.around().join("set/b.yaml"), "a: [\n").unwrap();
    let before = tree(&folder.around().join("set"));
    fmt(&folder, &["set"]).ended(2).says(&["workflow.syntax", "set/b.yaml"]);
    assert_eq!(tree(&folder.around().join("set")), before);
    fmt(&folder, &["set/policies"]).ended(2).says(&["error[fmt.nothing]"]);
    fmt(&folder, &["nowhere"]).ended(2).says(&["set.unreadable", "`nowhere` cannot be read"]);
}
