// A prefix is filled in a folder beside it and put in its place by one rename, so that it is complete or as
// it was:
//
//     guard      one installation a prefix; what killed ones left is removed
//     look       nothing there | this lock already | another lock of ours | somebody's folder (refused)
//     build      wheels of what the lock has as sources (source_build.cpp)
//     fill       what the store of unpacked packages holds is shared; the rest as its archives arrive
//     settle     paths that several packages fill, links, byte code, records, marker
//     put        rename; the old prefix is removed
#include "image/replay/install.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <numeric>
#include <set>

#include <fmt/core.h>
#include <sys/statvfs.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"
#include "image/inventory_reader.hpp"
#include "image/replay/artifact_check.hpp"
#include "image/replay/byte_code.hpp"
#include "image/replay/fill_tree.hpp"
#include "image/replay/fixed_times.hpp"
#include "image/replay/package_records.hpp"
#include "image/replay/prefix_listing.hpp"
#include "image/replay/prefix_state.hpp"
#include "image/replay/replayed_package.hpp"
#include "image/replay/staged_tree.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

std::string spoken_name(const Package& package) {
    if (package.kind == PackageKind::conda) {
        return fmt::format("conda {} {} {}", package.name, package.version, package.build);
    }
    return fmt::format("pypi {} {}", package.name, package.version);
}

/// "3.12" of "3.12.7".
std::string minor_version(const std::string& version) {
    const std::size_t first = version.find('.');
    return first == std::string::npos ? version : version.substr(0, version.find('.', first + 1));
}

Result<PrefixLayout> layout_of(const LockTarget& target,
                               const std::vector<const Package*>& packages,
                               std::string prefix) {
    PrefixLayout layout{std::move(prefix), target.python_site_packages_path,
                        minor_version(target.python_version)};
    const auto python = std::ranges::find_if(
        packages, [](const Package* p) { return p->kind == PackageKind::conda && p->name == "python"; });
    if (python != packages.end()) {
        if (layout.python_version.empty()) layout.python_version = minor_version((*python)->version);
        if (layout.site_packages.empty()) layout.site_packages = (*python)->python_site_packages_path;
    }
    if (layout.site_packages.empty() && !layout.python_version.empty()) {
        layout.site_packages = fmt::format("lib/python{}/site-packages", layout.python_version);
    }
    if (layout.site_packages.empty()) return layout;
    const auto safe = safe_entry_path(layout.site_packages);
    if (!safe || *safe != layout.site_packages) {
        return fail(ErrorCode::lock, "the target's site-packages path leaves the prefix");
    }
    return layout;
}

/// Names and versions become file names below conda-meta.
Result<void> check_names(const std::vector<const Package*>& packages) {
    const auto is_plain = [](const std::string& text) {
        return !text.empty() && text.front() != '.' && text.size() < 128 &&
               std::ranges::all_of(text, [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          std::string_view("._+!-").find(c) != std::string_view::npos;
               });
    };
    for (const Package* package : packages) {
        const bool named = is_plain(package->name) && is_plain(package->version);
        if (!named || (package->kind == PackageKind::conda && !is_plain(package->build))) {
            return fail(ErrorCode::lock, fmt::format("`{}` has a name that cannot be a file's",
                                                     shown_name(spoken_name(*package))));
        }
        if (!package->sha256.known()) {
            return fail(ErrorCode::lock, fmt::format("{} has no sha256 in the lock", spoken_name(*package)));
        }
    }
    return {};
}

Result<void> check_artifacts(const std::vector<const Package*>& packages, const InstallOptions& options) {
    return options.root.empty() && !options.group ? Result<void>{} : check_archives_only(packages);
}

Result<std::string> checked_prefix(const fs::path& given) {
    std::error_code error;
    std::string text = fs::absolute(given, error).lexically_normal().string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    if (error || given.empty() || text == "/")
        return fail(ErrorCode::usage, "the prefix is no folder that can be filled");
    const bool control =
        std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; });
    if (control || !is_utf8(text)) {
        return fail(ErrorCode::usage,
                    fmt::format("the prefix `{}` cannot be written into files", shown_name(text)));
    }
    return text;
}

/// Of all that decides what the prefix holds.
Sha256 content_digest(const std::vector<const Package*>& packages,
                      const PrefixLayout& layout,
                      bool byte_code) {
    Sha256Stream digest;
    digest.update(
        fmt::format("aimlock prefix 1\n{}\n{}\n{}\n", layout.prefix, layout.site_packages, byte_code));
    for (const Package* package : packages) {
        digest.update(fmt::format("{} {} {}{}\n", spoken_name(*package), package->url, package->sha256.hex(),
                                  package->direct ? " direct" : ""));
    }
    return digest.finish();
}

Result<void> check_space(const std::vector<const Package*>& packages, const fs::path& folder) {
    struct statvfs space {};
    if (::statvfs(folder.c_str(), &space) != 0) return {};
    const std::uint64_t available = std::uint64_t{space.f_bavail} * space.f_frsize;
    const auto add = [](std::uint64_t sum, const Package* package) { return sum + package->size_bytes; };
    const std::uint64_t packed = std::accumulate(packages.begin(), packages.end(), std::uint64_t{0}, add);
    if (available >= packed) return {};
    return fail(ErrorCode::io,
                fmt::format("{} has {} bytes free, and the archives alone are {}", folder.string(), available,
                            packed),
                fmt::format("Make room: unpacked they take about {} bytes.", 4 * packed));
}

/// Whether two packages have put the same into `path`, by what is known of both; nullopt for links.
std::optional<bool> same_content(const ReplayedPackage& a,
                                 const ReplayedPackage& b,
                                 const std::string& path) {
    const auto find = [&](const ReplayedPackage& package) {
        const auto found = std::ranges::lower_bound(package.files, path, {}, &ReplayedFile::path);
        return found != package.files.end() && found->path == path ? &*found : nullptr;
    };
    const ReplayedFile* one = find(a);
    const ReplayedFile* other = find(b);
    const auto is_link = [](const ReplayedFile& file) { return file.kind == ReplayedFile::Kind::link; };
    if (one == nullptr || other == nullptr || is_link(*one) || is_link(*other)) return std::nullopt;
    return one->sha256 == other->sha256 && one->executable == other->executable;
}

/// One installation, its steps in order.
class Installation {
public:
    Installation(const Lock& lock, const InstallOptions& options, PackageStore& store, Progress& progress)
        : lock_(lock), options_(options), store_(store), progress_(progress) {}

    Result<InstallReport> run() {
        auto prepared = prepare();
        if (!prepared) return tl::make_unexpected(prepared.error());
        const auto guard = PrefixGuard::acquire(destination_);
        if (!guard) return tl::make_unexpected(guard.error());
        auto needed = look();
        if (!needed) return tl::make_unexpected(needed.error());
        if (!*needed) return report_;
        auto space = check_space(packages_, destination_.parent_path());
        if (!space) return tl::make_unexpected(space.error());
        auto built = build_sources(packages_,
                                   {lock_.target(options_.target), layout_, destination_, options_.unpacked,
                                    options_.build, options_.verify, options_.threads},
                                   store_, progress_, report_.notes);
        if (!built) return tl::make_unexpected(built.error());
        built_ = std::move(*built);
        auto staging = StagingFolder::create(destination_);
        if (!staging) return tl::make_unexpected(staging.error());
        auto done = fill(*staging);
        if (done) done = staging->put_in_place();
        if (!done) return tl::make_unexpected(done.error());
        return report_;
    }

    /// Where the files lie: the prefix, below the root of an image.
    [[nodiscard]] const fs::path& destination() const { return destination_; }

private:
    Result<void> prepare() {
        const LockTarget* target = lock_.target(options_.target);
        if (target == nullptr) {
            return fail(ErrorCode::usage,
                        fmt::format("the lock has no target `{}`", shown_name(options_.target)));
        }
        packages_ = lock_.packages_of(options_.target);
        auto names = check_names(packages_);
        if (!names) return names;
        if (auto wheels = check_artifacts(packages_, options_); !wheels) return wheels;
        auto prefix = checked_prefix(options_.prefix);
        if (!prefix) return tl::make_unexpected(prefix.error());
        if (options_.group) {
            const auto safe = safe_entry_path(*options_.group);
            if (!safe || safe->find('/') != std::string::npos)
                return fail(ErrorCode::usage, "the group has no plain name");
        }
        destination_ =
            options_.root.empty() ? fs::path(*prefix) : fs::path(options_.root / prefix->substr(1));
        auto layout = layout_of(*target, packages_, std::move(*prefix));
        if (!layout) return tl::make_unexpected(layout.error());
        layout_ = std::move(*layout);
        marker_ = {
            options_.target, layout_.prefix, content_digest(packages_, layout_, options_.byte_code), {}};
        std::ranges::copy_if(packages_, std::back_inserter(marker_.wheels),
                             [](const Package* p) { return p->kind == PackageKind::pypi; });
        // Layers of an image are filled apart and laid over each other: no two may hold one path with
        // different content.
        part_ = options_.group.value_or(options_.root.empty() ? std::string()
                                                              : marker_.packages.hex().substr(0, 12));
        report_.packages = packages_.size();
        return {};
    }

    /// Whether there is something to do.
    Result<bool> look() {
        std::error_code error;
        const auto status = fs::symlink_status(destination_, error);
        if (!fs::exists(status)) return true;
        if (!fs::is_directory(status)) {
            return fail(ErrorCode::refused, fmt::format("{} is not a folder", destination_.string()));
        }
        if (fs::is_empty(destination_, error)) return true;
        if (!has_marker(destination_)) {
            return fail(ErrorCode::refused,
                        fmt::format("{} is not empty, and aimlock did not make it", destination_.string()),
                        "Name another prefix, or remove that folder.");
        }
        const auto marker = read_marker(destination_, marker_path(part_));
        if (marker && is_untouched(*marker)) return false;
        const auto inventory = read_prefix(destination_);
        if (!inventory) return tl::make_unexpected(inventory.error());
        PrefixChanges changes = changes_of(*inventory);
        if (marker && marker->packages == marker_.packages && !options_.repair) {
            // Nothing is to be replaced, so files that people added are none of our business; edited ones
            // are, for then this is not the locked environment.
            report_.edited = std::move(changes.edited);
            return false;
        }
        if (options_.repair) {
            extra_ = std::move(changes.extra);
            return true;
        }
        report_.edited = std::move(changes.edited);
        report_.edited.insert(report_.edited.end(), changes.extra.begin(), changes.extra.end());
        std::ranges::sort(report_.edited);
        return report_.edited.empty();
    }

    Result<void> fill(const StagingFolder& staging) {
        std::vector<std::string> names;
        for (const Package* package : packages_) names.push_back(spoken_name(*package));
        auto tree = StagedTree::open(staging.path(), names);
        if (!tree) return tl::make_unexpected(tree.error());
        // An image's layers share nothing with the machine that fills them: one pass from archive to layer.
        const bool shares = options_.root.empty() || options_.only_read;
        const FillOptions filling{shares ? options_.unpacked : fs::path(), options_.verify, options_.threads,
                                  &built_.files};
        auto filled = fill_tree(packages_, names, layout_, filling, store_, *tree, progress_);
        if (!filled) return tl::make_unexpected(filled.error());
        report_.from_store = filled->from_store;
        std::vector<ReplayedPackage>& replayed = filled->packages;
        const auto clashes = tree->settle([&](const std::string& path, std::size_t a, std::size_t b) {
            return same_content(replayed[a], replayed[b], path);
        });
        if (!clashes) return tl::make_unexpected(clashes.error());
        drop_lost(*clashes, names, replayed);
        auto compiled = make_byte_code(replayed, layout_, staging.path(),
                                       {options_.byte_code, options_.threads}, report_.notes, progress_);
        if (!compiled) return compiled;
        std::error_code error;
        fs::create_directory(staging.path() / "conda-meta", error);
        if (!error) fs::permissions(staging.path() / "conda-meta", fs::perms{0755}, error);
        if (error) return fail(ErrorCode::io, fmt::format("cannot write conda-meta: {}", error.message()));
        auto recorded = write_records(lock_, options_.target, layout_, replayed, staging.path());
        if (recorded)
            recorded = write_history(lock_, options_.target, packages_, !part_.empty(), staging.path());
        if (recorded) recorded = list_files(staging.path(), replayed);
        if (recorded) recorded = write_marker(staging.path(), marker_path(part_), marker_);
        if (recorded) recorded = carry_over(destination_, staging.path(), extra_);
        if (!recorded) return recorded;
        sum_up(names, replayed);
        return {};
    }

    /// Layers have no listing: their files get other times, and no two layers may hold one path.
    [[nodiscard]] Result<void> list_files(const fs::path& folder,
                                          const std::vector<ReplayedPackage>& replayed) const {
        if (!part_.empty()) return {};
        const auto listing = prefix_listing(replayed, folder);
        if (!listing) return tl::make_unexpected(listing.error());
        return write_listing(folder, *listing);
    }

    /// Whether the prefix holds this lock, and its files are as they were listed.
    [[nodiscard]] bool is_untouched(const PrefixMarker& marker) const {
        if (options_.verify || options_.repair || marker.packages != marker_.packages) return false;
        const auto listing = MappedFile::open(destination_ / listing_path);
        return listing && is_as_listed(listing->bytes(), destination_, options_.threads);
    }

    /// What a package lost to a later one is not its any more: its record must not claim it.
    void drop_lost(const std::vector<Clash>& clashes,
                   const std::vector<std::string>& names,
                   std::vector<ReplayedPackage>& replayed) {
        std::map<std::pair<std::size_t, std::size_t>, std::set<std::string>> lost;  // by loser and winner
        for (const Clash& clash : clashes) {
            for (const std::size_t loser : clash.losers) lost[{loser, clash.winner}].insert(clash.path);
        }
        for (const auto& [pair, lost_paths] : lost) {
            const std::set<std::string>& paths = lost_paths;  // clang 14: no structured binding in a lambda
            std::erase_if(replayed[pair.first].files,
                          [&](const ReplayedFile& file) { return paths.contains(file.path); });
            report_.notes.push_back(
                fmt::format("{} of {} replaced by {}: {}{}", paths.size() == 1 ? "a file" : "files",
                            names[pair.first], names[pair.second], shown_name(*paths.begin()),
                            paths.size() == 1 ? "" : fmt::format(" and {} more", paths.size() - 1)));
        }
    }

    void sum_up(const std::vector<std::string>& names, const std::vector<ReplayedPackage>& replayed) {
        for (std::size_t i = 0; i < replayed.size(); ++i) {
            report_.files += replayed[i].files.size();
            for (const ReplayedFile& file : replayed[i].files) report_.bytes += file.size_bytes;
            for (const std::string& note : replayed[i].notes) report_.notes.push_back(names[i] + ": " + note);
        }
    }

    const Lock& lock_;
    const InstallOptions& options_;
    PackageStore& store_;
    Progress& progress_;
    std::vector<const Package*> packages_;
    PrefixLayout layout_;
    fs::path destination_;
    PrefixMarker marker_;
    std::string part_;  // of an image; empty: the whole environment
    std::vector<std::string> extra_;
    BuiltWheels built_;
    InstallReport report_;
};

}  // namespace

Result<InstallReport> install(const Lock& lock,
                              const InstallOptions& options,
                              PackageStore& store,
                              Progress& progress) {
    Installation installation(lock, options, store, progress);
    auto report = installation.run();
    if (!report || options.root.empty() || options.only_read) return report;
    // Only now is the guard's file gone from the folder above the prefix.
    if (auto fixed = fix_times(installation.destination(), options.root); !fixed)
        return tl::make_unexpected(fixed.error());
    return report;
}

}  // namespace aimlock
