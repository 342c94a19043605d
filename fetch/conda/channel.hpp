#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/environment.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Where a channel is, and what it is called in MatchSpecs and locks.
struct ChannelAddress {
    std::string
        name;  ///< "conda-forge", "conda-forge/label/rust_dev", or the last component of a path or URL
    std::string
        url;  ///< http(s), oci or file, without trailing '/'; carries the credentials that were written

    [[nodiscard]] std::string subdir_url(std::string_view subdir) const {
        return url + "/" + std::string(subdir) + "/";
    }
};

/// The address that channel names are resolved against, without trailing '/': what the request says, else
/// AIMLOCK_CHANNEL_ALIAS, else `channel_alias` of a .condarc, else the public one.
std::string channel_alias(const Environment& environment, const std::optional<std::string>& requested);

/// Resolves one channel as written: a URL; a folder (a path with '/' or '.', or one that exists below
/// `base_folder`); else a name. `defaults` is two channels. Fails on an empty name and on a path that does
/// not exist.
Result<std::vector<ChannelAddress>> resolve_channel(std::string_view written,
                                                    const std::string& alias,
                                                    const std::filesystem::path& base_folder = {});

}  // namespace aimlock
