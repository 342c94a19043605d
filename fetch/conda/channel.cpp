#include "fetch/conda/channel.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "fetch/registry/reference.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr std::string_view public_alias = "https://conda.anaconda.org";
constexpr std::string_view defaults_host = "https://repo.anaconda.com";

constexpr std::array subdirs{"linux-64",     "linux-aarch64", "linux-ppc64le", "linux-s390x",
                             "linux-armv7l", "linux-riscv64", "osx-64",        "osx-arm64",
                             "win-64",       "win-arm64",     "win-32",        "noarch"};

/// The last component; with `label/x` before it, all three: "conda-forge/label/rust_dev".
std::string name_of_path(std::string_view path) {
    while (path.ends_with('/')) path.remove_suffix(1);
    const auto last = [](std::string_view text) {
        const std::size_t slash = text.rfind('/');
        return slash == std::string_view::npos ? text : text.substr(slash + 1);
    };
    const std::string_view tail = last(path);
    std::string_view above = path.substr(0, path.size() - tail.size());
    if (!above.ends_with("/label/")) return percent_decoded(tail);
    above.remove_suffix(7);
    return percent_decoded(last(above)) + "/label/" + percent_decoded(tail);
}

/// People paste the address of a subdir: the channel is the folder above it.
std::string without_subdir(std::string url) {
    const std::size_t slash = url.rfind('/');
    if (slash == std::string::npos) return url;
    const std::string tail = url.substr(slash + 1);
    if (std::ranges::any_of(subdirs, [&](const char* subdir) { return tail == subdir; })) url.resize(slash);
    return url;
}

/// A channel in a registry: HOST/PATH, where PATH is a repository's. A login stands where logins to
/// registries do, never in the address.
Result<std::string> registry_url(std::string_view written) {
    const auto parts = split_url(written);
    const std::string url = without_subdir(without_trailing_slashes(parts->text()));
    const auto refused = [&](std::string_view why) {
        return fail(ErrorCode::usage, fmt::format("channel `{}`: {}", shown_url(written), why),
                    "write oci://HOST[:PORT]/PATH, and log in with `docker login` or `podman login`");
    };
    if (!parts->user_info.empty()) return refused("the address of a registry holds no login");
    const auto reference = read_registry_reference(std::string_view(url).substr(6));
    if (!reference) return refused(reference.error().message);
    if (reference->tag != "latest" || url.ends_with(":latest") || parts->path.starts_with("/t/"))
        return refused("it is no channel in a registry");
    return url;
}

std::optional<std::string> alias_of_condarc(const std::filesystem::path& file) {
    const std::optional<std::string> text = read_whole_file(file);
    if (!text) return std::nullopt;
    std::string_view rest = *text;
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (!line.starts_with("channel_alias:")) continue;
        line.remove_prefix(14);
        line = line.substr(0, line.find(" #"));
        const std::size_t first = line.find_first_not_of(" \t\"'");
        const std::size_t last = line.find_last_not_of(" \t\r\"'");
        if (first != std::string_view::npos) return std::string(line.substr(first, last - first + 1));
    }
    return std::nullopt;
}

}  // namespace

std::string channel_alias(const Environment& environment, const std::optional<std::string>& requested) {
    if (requested && !requested->empty()) return without_trailing_slashes(*requested);
    if (const auto given = environment.get("AIMLOCK_CHANNEL_ALIAS")) return without_trailing_slashes(*given);
    std::vector<std::filesystem::path> files;
    if (const auto given = environment.get("CONDARC")) files.emplace_back(*given);
    if (!environment.home.empty()) files.push_back(environment.home / ".condarc");
    files.push_back(environment.config_home() / "conda" / ".condarc");
    files.push_back(environment.system_root / "etc/conda/.condarc");
    for (const auto& file : files) {
        if (const auto found = alias_of_condarc(file)) return without_trailing_slashes(*found);
    }
    return std::string(public_alias);
}

Result<std::vector<ChannelAddress>> resolve_channel(std::string_view written,
                                                    const std::string& alias,
                                                    const std::filesystem::path& base_folder) {
    const auto one = [](std::string name, std::string url) {
        return std::vector<ChannelAddress>{{std::move(name), std::move(url)}};
    };
    if (written.empty()) return fail(ErrorCode::usage, "a channel with an empty name");
    if (is_url(written)) {
        const std::string url = without_subdir(without_trailing_slashes(std::string(written)));
        return one(name_of_path(split_url(without_credentials(url))->path), url);
    }
    if (is_oci_url(written)) {
        auto url = registry_url(written);
        if (!url) return tl::make_unexpected(std::move(url.error()));
        return one(name_of_path(split_url(*url)->path), *url);
    }
    if (split_url(written)) {
        return fail(ErrorCode::usage, "channel `" + shown_url(written) +
                                          "`: only https, http, oci and file addresses are read");
    }
    const std::filesystem::path folder =
        base_folder.empty() ? std::filesystem::path(written) : base_folder / written;
    std::error_code failed;
    const bool exists = std::filesystem::is_directory(folder, failed);
    const bool looks_like_a_path = written.starts_with('.') || written.starts_with('/');
    if (exists) {
        const std::filesystem::path whole = std::filesystem::canonical(folder, failed);
        const std::string url = without_subdir(without_trailing_slashes(file_url_of(whole)));
        return one(name_of_path(split_url(url)->path), url);
    }
    if (looks_like_a_path)
        return fail(ErrorCode::not_found, "channel `" + std::string(written) + "`: no such folder");
    const std::string name = without_trailing_slashes(std::string(written));
    if (name == "defaults" && alias == public_alias) {
        std::vector<ChannelAddress> both;
        for (const char* part : {"pkgs/main", "pkgs/r"})
            both.push_back({part, std::string(defaults_host) + "/" + part});
        return both;
    }
    const bool of_defaults = name.starts_with("pkgs/") && alias == public_alias;
    return one(name, (of_defaults ? std::string(defaults_host) : alias) + "/" + name);
}

}  // namespace aimlock
