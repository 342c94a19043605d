#include "fetch/git/git_commit.hpp"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/atomic_file.hpp"
#include "fetch/git/run_git.hpp"
#include "fetch/git/tree_archive.hpp"
#include "fetch/url.hpp"
#include "solver/spec/direct_url.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_bytes = std::uint64_t{2} << 30U;

/// A folder of our own that is gone with the object.
class WorkFolder {
public:
    static Result<WorkFolder> create(const fs::path& cache) {
        std::error_code error;
        fs::create_directories(cache, error);
        std::string pattern = (cache / "git-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) return tl::make_unexpected(io_error(pattern, "create"));
        return WorkFolder(pattern);
    }
    ~WorkFolder() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    WorkFolder(WorkFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    WorkFolder& operator=(WorkFolder&&) = delete;
    WorkFolder(const WorkFolder&) = delete;
    WorkFolder& operator=(const WorkFolder&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    explicit WorkFolder(fs::path path) : path_(std::move(path)) {}
    fs::path path_;
};

/// One line of `git ls-tree -r -z`: "100644 blob <object>\t<path>".
struct TreeLine {
    std::string_view mode;
    std::string_view type;
    std::string_view object;
    std::string_view path;
};

Result<std::vector<TreeLine>> tree_lines(std::string_view listing) {
    std::vector<TreeLine> lines;
    while (!listing.empty()) {
        const std::string_view line = listing.substr(0, listing.find('\0'));
        listing.remove_prefix(std::min(line.size() + 1, listing.size()));
        const std::size_t type = line.find(' ');
        const std::size_t object = type == std::string_view::npos ? type : line.find(' ', type + 1);
        const std::size_t path = object == std::string_view::npos ? object : line.find('\t', object + 1);
        if (path == std::string_view::npos)
            return fail(ErrorCode::network, "git lists the tree in an unknown way");
        lines.push_back({line.substr(0, type), line.substr(type + 1, object - type - 1),
                         line.substr(object + 1, path - object - 1), line.substr(path + 1)});
    }
    return lines;
}

/// Takes one answer of `git cat-file --batch`: "<object> blob <size>\n<content>\n".
Result<std::string> take_content(std::string_view& answers, std::string_view object) {
    const auto wrong = [] { return fail(ErrorCode::network, "git does not have a file of the tree"); };
    const std::size_t end = answers.find('\n');
    if (end == std::string_view::npos || !answers.starts_with(object)) return wrong();
    const std::string_view head = answers.substr(object.size(), end - object.size());
    std::uint64_t size = 0;
    constexpr std::string_view kind = " blob ";
    if (!head.starts_with(kind) ||
        std::from_chars(head.data() + kind.size(), head.data() + head.size(), size).ec != std::errc{} ||
        size > answers.size() - end - 1)
        return wrong();
    std::string content(answers.substr(end + 1, size));
    answers.remove_prefix(std::min(end + 1 + size + 1, answers.size()));
    return content;
}

Result<std::vector<TreeFile>> read_tree(GitRunner& git, const std::string& commit) {
    const auto listing = git.run({"ls-tree", "-r", "-z", "--full-tree", commit});
    if (!listing) return tl::make_unexpected(listing.error());
    const auto lines = tree_lines(*listing);
    if (!lines) return tl::make_unexpected(lines.error());
    std::string wanted;
    for (const TreeLine& line : *lines) {
        if (line.type == "commit") {
            return fail(
                ErrorCode::refused,
                fmt::format("the repository has a submodule, `{}`, which its commit does not hold",
                            shown_name(line.path)),
                "Ask for a source distribution of the project, or for a repository without submodules");
        }
        wanted.append(line.object).append("\n");
    }
    const auto contents = git.run({"cat-file", "--batch"}, wanted);
    if (!contents) return tl::make_unexpected(contents.error());
    if (contents->size() > most_bytes) return fail(ErrorCode::archive, "the tree exceeds the limit of 2 GiB");
    std::string_view answers = *contents;
    std::vector<TreeFile> files;
    for (const TreeLine& line : *lines) {
        auto content = take_content(answers, line.object);
        if (!content) return tl::make_unexpected(content.error());
        auto path = safe_entry_path(line.path);
        if (!path) return tl::make_unexpected(path.error());
        files.push_back(
            {std::move(*path), std::move(*content), line.mode == "100755", line.mode == "120000"});
    }
    return files;
}

/// Brings the commit into our repository: alone where the server gives it so, else with all that it has.
Result<void> bring(GitRunner& git, const std::string& repository, const std::string& commit) {
    if (auto made = git.run({"init", "--bare", "-q", "--template=", "--initial-branch=main",
                             "--object-format=" + std::string(commit.size() == 64 ? "sha256" : "sha1")});
        !made)
        return tl::make_unexpected(made.error());
    if (git.run({"fetch", "-q", "--depth=1", "--no-tags", "--", repository, commit})) return {};
    auto all = git.run({"fetch", "-q", "--no-tags", "--", repository, "+refs/heads/*:refs/all/heads/*",
                        "+refs/tags/*:refs/all/tags/*"});
    if (!all) return tl::make_unexpected(all.error());
    if (git.run({"cat-file", "-e", commit + "^{commit}"})) return {};
    return fail(ErrorCode::not_found, fmt::format("{} has no commit {}", shown_url(repository), commit),
                "Check the commit: git ls-remote " + shown_url(repository));
}

}  // namespace

Result<std::string> fetch_commit(FetchSession& session, const std::string& locked) {
    const std::string commit = commit_of(locked);
    const std::string repository = repository_of(locked).substr(4);  // without "git+"
    std::optional<Error> failed;
    for (const std::string& address : session.candidates(repository)) {
        auto work = WorkFolder::create(session.cache_dir() / "git");
        if (!work) return tl::make_unexpected(work.error());
        GitRunner git(work->path(), session.options().environment);
        if (const auto user = session.credentials().user_for(address);
            user && address.starts_with("https://"))
            git.log_in(address, *user);
        auto files = bring(git, address, commit).and_then([&] { return read_tree(git, commit); });
        if (files) return tree_archive(std::move(*files));
        failed = std::move(files.error());
        failed->message = shown_url(repository) + ": " + failed->message;
    }
    return tl::make_unexpected(std::move(*failed));
}

}  // namespace aimlock
