//! Commands as a person can type them, or copy them, as they stand.

use std::path::Path;

use crate::folder::Folder;

/// A word as a shell reads it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// ` --data DIR`; nothing for the folder that a command takes when it is told of none.
pub(super) fn folder_flag(folder: &Path) -> String {
    if Folder::resolve(None).is_ok_and(|taken| taken == folder) {
        String::new()
    } else {
        format!(" --data {}", quoted(&folder.display().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_quoted_words_as_they_were() {
        assert_eq!(quoted("level=read"), "level=read");
        assert_eq!(quoted("reason=Dana's key; $HOME"), r"'reason=Dana'\''s key; $HOME'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_folder_of_its_own_is_named() {
        assert_eq!(folder_flag(Path::new("/tmp/a b")), " --data '/tmp/a b'");
    }
}
