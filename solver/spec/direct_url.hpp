#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// What a release comes as. A wheel is unpacked; of the others a wheel has to be built.
enum class ArtifactKind : std::uint8_t { wheel, sdist, git };

/// "wheel", "sdist" or "git".
std::string_view word_of(ArtifactKind kind);

/// The address of a requirement (PEP 508 `name @ address`, PEP 440 "direct references"): a wheel, an archive
/// of sources, or one commit of a git repository.
struct DirectUrl {
    ArtifactKind kind = ArtifactKind::wheel;
    /// "https://host/a-1.0-py3-none-any.whl", "file:///…"; of a repository with "git+" before and without
    /// commit. No fragment. User and password as written: `bare` is without.
    std::string url;
    Sha256 sha256;             ///< of `#sha256=…`; not known: not stated
    std::string commit;        ///< git: 40 or 64 lower-case hexadecimal digits
    std::string subdirectory;  ///< of `#subdirectory=…`: where the project lies in the sources

    /// Fails on another scheme, a file that is neither wheel nor sdist, a query (it may be a secret and
    /// cannot be locked), a branch or tag in place of a commit, and a hash that is no sha256. `at` is where
    /// `text` begins.
    static Result<DirectUrl> parse(std::string_view text, SourcePos at = {{}, 0, 0});

    /// `url` without password, and without user but for ssh, which has no other way to say it.
    [[nodiscard]] std::string bare() const;
    /// What may be shown and locked, commit, hash and subdirectory included.
    [[nodiscard]] std::string text() const;
    /// Equal for two addresses of the same thing.
    [[nodiscard]] std::string identity() const;
    /// What a lock names as its source: the host, the folder of a file, or a repository that is a folder.
    [[nodiscard]] std::string place() const;
    /// What a lock keeps of it: `bare`, and the commit behind an `@`.
    [[nodiscard]] std::string locked() const { return commit.empty() ? bare() : bare() + "@" + commit; }
};

/// Reads the address of a package of a lock: `https://…`, a path, or `git+…@commit`. Never fails on what
/// `locked` wrote.
std::string repository_of(std::string_view locked_git_url);
std::string commit_of(std::string_view locked_git_url);
/// True for 40 or 64 lower-case hexadecimal digits: what names a commit for ever.
bool is_full_commit(std::string_view text);

}  // namespace aimlock
