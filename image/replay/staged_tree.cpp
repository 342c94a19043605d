#include "image/replay/staged_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"
#include "image/replay/name_folding.hpp"

namespace aimlock {
namespace {

std::string_view folder_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return path.substr(0, slash == std::string_view::npos ? 0 : slash);
}

/// Paths that say what is installed: a package that brought one could speak for another.
bool is_reserved(std::string_view path) {
    if (path == ".aimlock-work" || path.starts_with(".aimlock-work/")) return true;
    if (path.starts_with("conda-meta/aimlock")) return true;
    return path.starts_with("conda-meta/") && (path.ends_with(".json") || path == "conda-meta/history");
}

bool same_content(const std::filesystem::path& a, const std::filesystem::path& b) {
    std::error_code error;
    const auto status_a = std::filesystem::symlink_status(a, error);
    const auto status_b = std::filesystem::symlink_status(b, error);
    if (error || status_a.type() != status_b.type()) return false;
    if (std::filesystem::is_symlink(status_a)) {
        return std::filesystem::read_symlink(a, error) == std::filesystem::read_symlink(b, error) && !error;
    }
    if (status_a.permissions() != status_b.permissions()) return false;
    const auto bytes_a = MappedFile::open(a);
    const auto bytes_b = MappedFile::open(b);
    return bytes_a && bytes_b && bytes_a->bytes() == bytes_b->bytes();
}

}  // namespace

std::string PackageFolder::location(const std::string& path) const {
    return contested_.contains(path) ? side_ + "/" + path : path;
}

Result<OutputFile> PackageFolder::create(const std::string& path, bool executable) const {
    return OutputFile::create(tree_->descriptor(), location(path), {executable, tree_->sets_modes(), false});
}

Result<OutputFile::Written> PackageFolder::write(const std::string& path,
                                                 std::string_view bytes,
                                                 bool executable) const {
    auto file = create(path, executable);
    if (!file) return tl::make_unexpected(file.error());
    auto appended = file->append(bytes);
    if (!appended) return tl::make_unexpected(appended.error());
    return file->finish();
}

Result<void> PackageFolder::symlink(const std::string& path, const std::string& target) const {
    if (::symlinkat(target.c_str(), tree_->descriptor(), location(path).c_str()) != 0)
        return errno_failure("create the link", path);
    tree_->note_link(path, target);
    return {};
}

Result<void> PackageFolder::hardlink(const std::string& path, const std::string& existing) const {
    const int tree = tree_->descriptor();
    if (::linkat(tree, location(existing).c_str(), tree, location(path).c_str(), 0) != 0)
        return errno_failure("create the link", path);
    return {};
}

Result<void> PackageFolder::share(
    const std::string& path, int from, const std::string& name, bool executable, Sharing how) const {
    const int tree = tree_->descriptor();
    const std::string place = location(path);
    if (how == Sharing::hardlink) {
        if (::linkat(from, name.c_str(), tree, place.c_str(), 0) == 0) return {};
        if (errno != EMLINK) return errno_failure("link", path);
    }
    return copy_below(from, name, tree, place, {executable, tree_->sets_modes(), false});
}

Result<StagedTree> StagedTree::open(std::filesystem::path folder, std::vector<std::string> packages) {
    auto handle = FolderHandle::open(folder.string());
    if (!handle) return tl::make_unexpected(handle.error());
    return StagedTree(std::move(folder), std::move(packages), std::move(*handle));
}

StagedTree::StagedTree(std::filesystem::path folder, std::vector<std::string> packages, FolderHandle handle)
    : folder_(std::move(folder)),
      packages_(std::move(packages)),
      handle_(std::move(handle)),
      sets_modes_(umask_takes_bits()) {
    folders_.insert("");
}

Result<void> StagedTree::make_folder(std::size_t package, std::string_view path) {
    if (folders_.contains(path)) return {};
    auto parent = make_folder(package, folder_of(path));
    if (!parent) return parent;
    if (const auto held = holders_.find(path); held != holders_.end()) {
        return fail(ErrorCode::archive,
                    fmt::format("{} has files below `{}`, which is a file or a link of {}",
                                packages_[package], shown_name(path), packages_[held->second.package]));
    }
    const auto name = folders_.emplace(path).first;
    if (::mkdirat(descriptor(), name->c_str(), 0755) != 0) return errno_failure("create", path);
    if (sets_modes_ && ::fchmodat(descriptor(), name->c_str(), 0755, 0) != 0)
        return errno_failure("set the mode of", path);
    return {};
}

/// `held` is the path as the tree keeps it, new there.
Result<void> StagedTree::check_folding(const Claim& claim, std::string_view held, bool from_wheel) {
    const auto [other, alone] = folded_.emplace(folded_hash(held), held);
    if (alone) return {};
    const Holder& holder = holders_.find(other->second)->second;
    if ((!from_wheel && !holder.from_wheel) || folded_path(other->second) != folded_path(held)) return {};
    return fail(
        ErrorCode::archive,
        fmt::format("`{}` and `{}` of {} are one name where letter case or Unicode forms do not count",
                    shown_name(claim.path), shown_name(other->second), packages_[holder.package]));
}

Result<void> StagedTree::claim_one(std::size_t package,
                                   const Claim& claim,
                                   bool from_wheel,
                                   PackageFolder& place) {
    const auto refused = [&](std::string why) {
        return fail(ErrorCode::archive,
                    fmt::format("{}: `{}` {}", packages_[package], shown_name(claim.path), why));
    };
    if (is_reserved(claim.path)) return refused("is a record that only the installer writes");
    if (claim.kind == Claim::Kind::folder) return make_folder(package, claim.path);
    auto parent = make_folder(package, folder_of(claim.path));
    if (!parent) return parent;
    if (folders_.contains(claim.path)) return refused("is a folder of another package, or of this one");
    const auto held = holders_.find(claim.path);
    if (held == holders_.end()) {
        const Holder mine{static_cast<std::uint32_t>(package), claim.wrapper, from_wheel};
        const auto added = holders_.emplace(claim.path, mine).first;
        return check_folding(claim, added->first, from_wheel);
    }
    const std::string path(claim.path);
    auto& claimants = contested_[path];
    if (held->second.package == package || (!claimants.empty() && claimants.back() == package)) {
        return refused("would be written twice by one package");
    }
    if (claim.wrapper || held->second.wrapper) wrapper_clashes_.insert(path);
    held->second.from_wheel |= from_wheel;
    claimants.push_back(static_cast<std::uint32_t>(package));
    place.contested_.insert(path);
    return {};
}

Result<PackageFolder> StagedTree::claim(std::size_t package,
                                        const std::vector<Claim>& claims,
                                        bool from_wheel) {
    PackageFolder place;
    place.tree_ = this;
    place.side_ = fmt::format(".aimlock-work/{}", package);
    const std::lock_guard lock(*mutex_);
    for (const Claim& claim : claims) {
        auto claimed = claim_one(package, claim, from_wheel, place);
        if (!claimed) return tl::make_unexpected(claimed.error());
    }
    std::error_code error;
    for (const std::string& path : place.contested_) {
        std::filesystem::create_directories((folder_ / place.side_ / path).parent_path(), error);
        if (error)
            return fail(ErrorCode::io, fmt::format("cannot create {}: {}", place.side_, error.message()));
    }
    return place;
}

void StagedTree::note_link(const std::string& path, const std::string& target) const {
    const std::lock_guard lock(*mutex_);
    links_[path] = target;
}

Result<void> StagedTree::settle_one(const std::string& path,
                                    const std::vector<std::uint32_t>& claimants,
                                    const SameContent& same,
                                    std::vector<Clash>& clashes) {
    const auto place_of = [&](std::uint32_t package) {
        return package == holders_.at(path).package ? folder_ / path
                                                    : work_folder() / std::to_string(package) / path;
    };
    std::vector<std::uint32_t> all = claimants;
    all.push_back(holders_.at(path).package);
    std::ranges::sort(all);
    const std::uint32_t winner = all.back();
    Clash clash{path, winner, {}};
    for (const std::uint32_t package : all) {
        if (package == winner) continue;
        const auto known = same(path, package, winner);
        if (!(known ? *known : same_content(place_of(package), place_of(winner))))
            clash.losers.push_back(package);
    }
    if (clash.losers.empty()) return {};
    if (wrapper_clashes_.contains(path)) {
        return fail(ErrorCode::archive,
                    fmt::format("the entry point `{}` of {} takes the place of a file of {}",
                                shown_name(path), packages_[winner], packages_[clash.losers.front()]));
    }
    std::error_code error;
    std::filesystem::path place = folder_ / path;
    if (place_of(winner) != place) std::filesystem::rename(place_of(winner), place, error);
    if (error)
        return fail(ErrorCode::io, fmt::format("cannot write {}: {}", place.string(), error.message()));
    clashes.push_back(std::move(clash));
    return {};
}

/// `safe_link_target` reads a link's text without looking at the tree; that is the truth as long as no `..`
/// follows a name that is a link itself.
Result<void> StagedTree::check_links() const {
    for (const auto& [path, target] : links_) {
        std::string at = path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
        for (std::string_view rest = target; !rest.empty();) {
            const std::string_view part = rest.substr(0, rest.find('/'));
            rest.remove_prefix(std::min(rest.size(), part.size() + 1));
            if (part.empty() || part == ".") continue;
            if (part != "..") {
                at += at.empty() ? "" : "/";
                at += part;
                continue;
            }
            if (links_.contains(at)) {
                return fail(ErrorCode::archive,
                            fmt::format("link `{}` points to `{}`, which goes up from the link `{}`",
                                        shown_name(path), shown_name(target), shown_name(at)));
            }
            at.erase(at.rfind('/') == std::string::npos ? 0 : at.rfind('/'));
        }
    }
    return {};
}

Result<std::vector<Clash>> StagedTree::settle(const SameContent& same) {
    std::vector<Clash> clashes;
    for (const auto& [path, claimants] : contested_) {
        auto settled = settle_one(path, claimants, same, clashes);
        if (!settled) return tl::make_unexpected(settled.error());
    }
    auto checked = check_links();
    if (!checked) return tl::make_unexpected(checked.error());
    std::error_code error;
    std::filesystem::remove_all(work_folder(), error);
    if (error) return fail(ErrorCode::io, fmt::format("cannot remove working files: {}", error.message()));
    return clashes;
}

}  // namespace aimlock
