#include "image/oci/ground_layer.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "image/image_facts.hpp"

namespace aimlock {
namespace {

constexpr std::string_view accounts = "etc/passwd";
constexpr std::string_view home = "home/aimlock";

/// "home/aimlock" -> {"home", "home/aimlock"}.
std::vector<std::string> with_parents(std::string_view path) {
    std::vector<std::string> paths;
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1))
        paths.emplace_back(path.substr(0, slash));
    paths.emplace_back(path);
    return paths;
}

/// "/workspace//a/." -> "workspace/a".
std::string below_root(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const std::string_view part = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(path.size(), part.size() + 1));
        if (part.empty() || part == ".") continue;
        if (!out.empty()) out += '/';
        out += part;
    }
    return out;
}

bool knows_user(std::string_view text, std::uint32_t user) {
    const std::string number = std::to_string(user);
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        for (int field = 0; field < 2; ++field)
            line.remove_prefix(std::min(line.size(), std::min(line.find(':'), line.size() - 1) + 1));
        if (line.substr(0, line.find(':')) == number) return true;
    }
    return false;
}

class Ground {
public:
    Ground(const ImageManifest& image, RootLookup known) : image_(image), known_(std::move(known)) {}

    Result<std::vector<LayerEntry>> entries() {
        const auto account = own_account(image_);
        const std::string folder = below_root(image_.workdir);
        Result<void> done;
        if (account) {
            done = add_account(*account);
            if (done) done = add_folders(home, account);
        }
        if (done && !folder.empty()) done = add_folders(folder, account);
        if (done) done = check_folder("opt");
        if (!done) return tl::make_unexpected(done.error());
        std::vector<LayerEntry> out;
        for (auto& [path, entry] : entries_) out.push_back(std::move(entry));
        return out;
    }

private:
    [[nodiscard]] RootEntry at(const std::string& path) const {
        const auto found = known_.find(path);
        return found != known_.end() && found->second ? *found->second : RootEntry{};
    }

    [[nodiscard]] Result<void> check_folder(const std::string& path) const {
        const RootEntry::Kind kind = at(path).kind;
        if (kind == RootEntry::Kind::absent || kind == RootEntry::Kind::folder) return {};
        return fail(ErrorCode::refused,
                    fmt::format("the base's /{} is no folder, so nothing can lie in it", path));
    }

    /// `path` and the folders above it; the last is the account's.
    Result<void> add_folders(std::string_view path, const std::optional<ImageAccount>& account) {
        for (const std::string& folder : with_parents(path)) {
            if (auto valid = check_folder(folder); !valid) return valid;
            const RootEntry there = at(folder);
            LayerEntry& entry = entries_[folder];
            const bool known = there.kind == RootEntry::Kind::folder;
            if (!entry.member.path.empty() && folder != path) continue;
            entry.member = {LayerMember::Kind::folder, folder,     {},         0,
                            known ? there.mode : 0755, there.user, there.group};
            if (folder != path || !account) continue;
            entry.member.user = account->user;
            entry.member.group = account->group;
        }
        return {};
    }

    Result<void> add_account(const ImageAccount& account) {
        RootEntry there = at(std::string(accounts));
        if (there.kind != RootEntry::Kind::absent && there.kind != RootEntry::Kind::file)
            return fail(ErrorCode::refused, fmt::format("the base's /{} is no file", accounts));
        if (knows_user(there.content, account.user)) return {};
        if (!there.content.empty() && !there.content.ends_with('\n')) there.content += '\n';
        there.content += fmt::format("aimlock:x:{}:{}::/home/aimlock:/bin/sh\n", account.user, account.group);
        if (auto folder = add_folders("etc", std::nullopt); !folder) return folder;
        LayerEntry& entry = entries_[std::string(accounts)];
        const bool known = there.kind == RootEntry::Kind::file;
        entry.member = {LayerMember::Kind::file,
                        std::string(accounts),
                        {},
                        there.content.size(),
                        known ? there.mode : 0644,
                        there.user,
                        there.group};
        entry.content = std::move(there.content);
        return {};
    }

    const ImageManifest& image_;
    RootLookup known_;
    std::map<std::string, LayerEntry> entries_;
};

}  // namespace

Result<std::vector<LayerEntry>> ground_entries(const ImageManifest& image, const OciBase* base) {
    RootLookup lookup;
    if (base != nullptr) {
        lookup["opt"] = std::nullopt;
        lookup["etc"] = std::nullopt;
        lookup[std::string(accounts)] = std::nullopt;
        for (const std::string& path : with_parents(home)) lookup[path] = std::nullopt;
        for (const std::string& path : with_parents(below_root(image.workdir))) lookup[path] = std::nullopt;
        if (auto done = look_up_in_base(*base, lookup); !done) return tl::make_unexpected(done.error());
    }
    return Ground(image, std::move(lookup)).entries();
}

}  // namespace aimlock
