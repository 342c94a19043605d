// How an audit works. The lock holds no hash of single files, so the chain of trust has two links:
//   lock --sha256--> the archive that an installed package's record names --sha256--> each file that it put
//   there.
// A record that names another archive, or none, is a finding by itself; its files are then not worth
// comparing. Files are looked at from both sides: what a record lists and the prefix lacks or has changed,
// and what the prefix holds and no record lists.
#include "lock/audit.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "solver/engine/cuda_package.hpp"
#include "solver/spec/package_name.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock {
namespace {

constexpr std::string_view repair = "run `aimlock install --repair` to restore it";

std::string label(bool is_conda, const std::string& name, const std::string& version) {
    return (is_conda ? "conda " : "pypi ") + name + " " + version;
}
std::string label(const Package& package) {
    return label(package.kind == PackageKind::conda, package.name, package.version);
}
std::string label(const InstalledPackage& installed) {
    return label(installed.is_conda, installed.name, installed.version);
}

std::string_view parent_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}
std::string_view file_name_of(std::string_view path) {
    return path.substr(parent_of(path).empty() ? 0 : path.rfind('/') + 1);
}

/// True where an installed version is the locked one; METADATA may spell `1.0-rc1` what a file name spells
/// `1.0rc1`.
bool is_same_version(const Package& locked, const std::string& installed) {
    if (locked.version == installed) return true;
    if (locked.kind == PackageKind::conda) return false;
    const Result<Pep440Version> a = Pep440Version::parse(locked.version);
    const Result<Pep440Version> b = Pep440Version::parse(installed);
    return a && b && *a == *b;
}

/// One side of a comparison of a file: who lists it and what it should be.
struct Claim {
    const InstalledPackage* owner = nullptr;
    const InstalledFile* file = nullptr;
};

/// One audit under way.
class Audit {
public:
    Audit(const Lock& lock, const std::string& target, const Inventory& inventory)
        : lock_(lock), target_(target), inventory_(inventory) {}

    std::vector<DriftFinding> run() {
        collect_claims();
        match_packages();
        for (const InstalledPackage* installed : in_force_) compare_files(*installed);
        find_foreign_files();
        check_lock();
        const auto key = [](const DriftFinding& f) {
            return std::tie(f.level, f.kind, f.package, f.path, f.cause);
        };
        std::ranges::sort(findings_, {}, key);
        return std::move(findings_);
    }

private:
    void add(std::string kind,
             FindingLevel level,
             std::string package,
             std::optional<std::string> path,
             std::string cause,
             std::string help = std::string(repair)) {
        findings_.push_back({std::move(kind),
                             level,
                             std::move(package),
                             std::move(path),
                             {},
                             std::move(cause),
                             std::move(help)});
    }

    void collect_claims() {
        for (const InstalledPackage& installed : inventory_.packages) {
            owned_.insert(installed.record_path);
            for (const InstalledFile& file : installed.files) {
                claims_[file.path].push_back({&installed, &file});
                owned_.insert(file.path);
                if (installed.is_conda && parent_of(file.path).ends_with(".dist-info")) {
                    dist_infos_of_conda_.insert(parent_of(file.path));
                }
            }
        }
    }

    /// A conda package of a Python project brings a dist-info of its own: one package with two records.
    [[nodiscard]] bool is_part_of_conda_package(const InstalledPackage& installed) const {
        if (installed.is_conda) return false;
        const std::string_view path = installed.record_path;
        return dist_infos_of_conda_.contains(path) || dist_infos_of_conda_.contains(parent_of(path));
    }

    void match_packages() {
        std::map<std::pair<bool, std::string>, const Package*> locked;
        for (const Package* package : lock_.packages_of(target_)) {
            locked[{package->kind == PackageKind::conda, package->name}] = package;
        }
        std::set<const Package*> seen;
        for (const InstalledPackage& installed : inventory_.packages) {
            if (is_part_of_conda_package(installed)) continue;
            const std::string name =
                installed.is_conda ? installed.name : normalize_pypi_name(installed.name);
            const auto found = locked.find({installed.is_conda, name});
            if (found == locked.end()) {
                add("extra", FindingLevel::warn, label(installed), installed.record_path,
                    "it is not in the lock" + said_by(installed),
                    "add it to the manifest, or run `aimlock install --repair`");
            } else {
                seen.insert(found->second);
                match(*found->second, installed);
            }
        }
        for (const auto& [key, package] : locked) {
            if (!seen.contains(package))
                add("missing", FindingLevel::error, label(*package), {}, "it is not installed");
        }
    }

    static std::string said_by(const InstalledPackage& installed) {
        return installed.installer.empty() ? "" : "; INSTALLER says " + installed.installer;
    }

    void match(const Package& locked, const InstalledPackage& installed) {
        const bool same = is_same_version(locked, installed.version) &&
                          (!installed.is_conda || installed.build == locked.build);
        if (!same) {
            const std::string build = installed.is_conda ? " " + installed.build : "";
            add("foreign", FindingLevel::error, label(locked), installed.record_path,
                installed.version + build + " is installed instead" + said_by(installed));
        } else if (!installed.sha256.known()) {
            add("foreign", FindingLevel::warn, label(locked), installed.record_path,
                "its record does not say which archive it came from" + said_by(installed));
            in_force_.push_back(&installed);
        } else if (installed.sha256 != locked.sha256) {
            add("foreign", FindingLevel::error, label(locked), installed.record_path,
                "its record names the archive " + installed.sha256.hex() + ", the lock " +
                    locked.sha256.hex() + said_by(installed));
        } else {
            in_force_.push_back(&installed);
        }
    }

    [[nodiscard]] const InventoryFile* found(const std::string& path) const {
        const auto file = inventory_.files.find(path);
        return file == inventory_.files.end() ? nullptr : &file->second;
    }

    /// Where the link at `path` ends; nullopt: outside of the prefix, or nowhere at all.
    [[nodiscard]] std::optional<std::string> followed(std::string path) const {
        for (int hops = 0; hops < 40; ++hops) {
            const InventoryFile* file = found(path);
            if (file == nullptr || file->kind != InventoryFile::Kind::symlink) return path;
            std::string_view link = file->link;
            if (link.starts_with('/')) return std::nullopt;
            std::string_view folder = parent_of(path);
            while (link.starts_with("../") || link.starts_with("./")) {
                if (link.starts_with("../") && folder.empty()) return std::nullopt;
                if (link.starts_with("../")) folder = parent_of(folder);
                link.remove_prefix(link.find('/') + 1);
            }
            path = folder.empty() ? std::string(link) : std::string(folder) + "/" + std::string(link);
        }
        return std::nullopt;
    }

    [[nodiscard]] bool is_as_claimed(const std::string& path, const InstalledFile& claim) const {
        const InventoryFile* file = found(path);
        if (file == nullptr || file->kind == InventoryFile::Kind::other) return false;
        if (file->kind == InventoryFile::Kind::regular) {
            // Some tools write a copy for a link: then the content must be what the record says of its end.
            return claim.has_hash ? file->sha256 == claim.sha256 : !claim.is_link;
        }
        if (file->kind != InventoryFile::Kind::symlink) return !claim.has_hash;
        const std::optional<std::string> end_path = followed(path);
        if (!end_path) return false;
        // Records give a link the hash of what it points at, before or after the prefix was written into
        // that: where the link ends at nothing, or at content that some record states, it is taken as it is.
        const InventoryFile* end = found(*end_path);
        return !claim.has_hash || end == nullptr || end->kind != InventoryFile::Kind::regular ||
               end->sha256 == claim.sha256 || recorded_hashes().contains(end->sha256);
    }

    /// Hashes that some record states: what a link may end at.
    [[nodiscard]] const std::set<Sha256>& recorded_hashes() const {
        if (recorded_hashes_.empty()) {
            for (const auto& [path, claims] : claims_) {
                for (const Claim& claim : claims) {
                    if (claim.file->has_hash) recorded_hashes_.insert(claim.file->sha256);
                }
            }
        }
        return recorded_hashes_;
    }

    /// True when `path` is as one of those who list it says: of two packages that bring one file, the later
    /// wrote it.
    [[nodiscard]] bool is_unchanged(const std::string& path) const {
        const auto claims = claims_.find(path);
        return claims != claims_.end() && std::ranges::any_of(claims->second, [&](const Claim& claim) {
                   return is_as_claimed(path, *claim.file);
               });
    }

    /// The source of a byte code file: `a/__pycache__/b.cpython-312.pyc` has `a/b.py`; empty: not byte code.
    static std::string source_of(std::string_view path) {
        if (!path.ends_with(".pyc")) return {};
        const std::string_view folder = parent_of(path);
        const std::string_view name = file_name_of(path);
        if (file_name_of(folder) != "__pycache__") return std::string(path.substr(0, path.size() - 1));
        const std::string_view above = parent_of(folder);
        return std::string(above) + (above.empty() ? "" : "/") + std::string(name.substr(0, name.find('.'))) +
               ".py";
    }

    [[nodiscard]] bool is_byte_code_of_unchanged_source(const std::string& path) const {
        const std::string source = source_of(path);
        return !source.empty() && is_unchanged(source);
    }

    void compare_files(const InstalledPackage& installed) {
        std::vector<std::string> gone;
        for (const InstalledFile& file : installed.files) {
            if (file.path.starts_with('/') || file.path.starts_with("../")) {
                add("edited", FindingLevel::error, label(installed), installed.record_path,
                    "its record lists `" + file.path + "`, which is outside of the environment");
            } else if (is_unchanged(file.path) || is_byte_code_of_unchanged_source(file.path)) {
                continue;
            } else if (found(file.path) == nullptr) {
                gone.push_back(file.path);
            } else {
                add("edited", FindingLevel::error, label(installed), file.path,
                    "its content is not the package's; changed after the install");
            }
        }
        if (gone.empty()) return;
        const std::string all = std::to_string(installed.files.size());
        std::string cause = std::to_string(gone.size()) + " of " + all + " files are gone (";
        if (gone.size() == 1) cause = "1 of " + all + " files is gone (";
        for (std::size_t i = 0; i < std::min<std::size_t>(gone.size(), 3); ++i) {
            cause += (i > 0 ? ", " : "") + std::string(file_name_of(gone[i]));
        }
        cause += gone.size() > 3 ? ", …)" : ")";
        add("missing", FindingLevel::error, label(installed), gone.front(), std::move(cause));
    }

    static bool is_ours(std::string_view path) {
        return path == "conda-meta/history" || path.starts_with("conda-meta/aimlock") ||
               path.starts_with(".aimlock");
    }

    /// The outermost folder above `path` in which no package has a file; `path` itself where its folder has
    /// some.
    [[nodiscard]] std::string foreign_root(const std::string& path) const {
        std::string_view root = path;
        for (std::string_view folder = parent_of(path); !folder.empty(); folder = parent_of(folder)) {
            const auto below = owned_.lower_bound(std::string(folder) + "/");
            if (below != owned_.end() && std::string_view(*below).starts_with(std::string(folder) + "/"))
                break;
            root = folder;
        }
        return std::string(root);
    }

    void find_foreign_files() {
        std::map<std::string, std::vector<const std::string*>> by_root;
        for (const auto& [path, file] : inventory_.files) {
            if (file.kind == InventoryFile::Kind::directory || owned_.contains(path) || is_ours(path))
                continue;
            if (!is_byte_code_of_unchanged_source(path)) by_root[foreign_root(path)].push_back(&path);
        }
        constexpr std::string_view help = "remove it, or run `aimlock install --repair`";
        for (const auto& [root, paths] : by_root) {
            if (paths.size() > max_listed) {
                add("foreign", FindingLevel::warn, {}, root,
                    std::to_string(paths.size()) + " files here belong to no package", std::string(help));
                continue;
            }
            for (const std::string* path : paths) {
                add("foreign", FindingLevel::warn, {}, *path, "it belongs to no package", std::string(help));
            }
        }
    }

    /// What the lock says about itself: packages that the target's driver cannot run, releases that were
    /// withdrawn.
    void check_lock() {
        const LockTarget* target = lock_.target(target_);
        std::string driver;
        for (const VirtualPackage& fact :
             target == nullptr ? std::vector<VirtualPackage>{} : target->virtual_packages) {
            if (fact.name == "__cuda") driver = fact.version;
        }
        for (const Package* package : lock_.packages_of(target_)) {
            const std::optional<unsigned> major = cuda_major_of(*package);
            if (major && !driver.empty() && *major > std::strtoul(driver.c_str(), nullptr, 10)) {
                add("driver", FindingLevel::error, label(*package), {},
                    "it needs CUDA " + std::to_string(*major) + "; target " + target_ + " is " + driver,
                    "lower what asks for it, or raise `cuda` of the target if the hosts' driver allows");
            }
            if (package->yanked) {
                add("yanked", FindingLevel::warn, label(*package), {},
                    "its owner had withdrawn it when the lock was made",
                    "run `aimlock update " + package->name + "`");
            }
        }
    }

    /// More files than these below one folder that no package owns are one finding.
    static constexpr std::size_t max_listed = 20;

    const Lock& lock_;
    const std::string& target_;
    const Inventory& inventory_;
    std::unordered_map<std::string, std::vector<Claim>> claims_;
    std::set<std::string, std::less<>> owned_;
    std::set<std::string_view> dist_infos_of_conda_;
    std::vector<const InstalledPackage*>
        in_force_;  ///< whose archive is the locked one: their files are compared
    mutable std::set<Sha256> recorded_hashes_;
    std::vector<DriftFinding> findings_;
};

}  // namespace

std::vector<DriftFinding> audit(const Lock& lock, const std::string& target, const Inventory& inventory) {
    return Audit(lock, target, inventory).run();
}

}  // namespace aimlock
