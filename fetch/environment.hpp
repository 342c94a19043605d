#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace aimlock {

/// What the fetcher reads of the process around it, as a value: variables and where configuration files are
/// looked for.
struct Environment {
    std::map<std::string, std::string, std::less<>> variables;
    std::filesystem::path home;               ///< empty: none
    std::filesystem::path system_root = "/";  ///< `etc/pip.conf` is looked for below it

    /// The variables of this process.
    static Environment of_process();
    /// The value of a variable; nullopt where it is absent or empty.
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
    /// $XDG_CONFIG_HOME, else ~/.config.
    [[nodiscard]] std::filesystem::path config_home() const;
    /// $XDG_CACHE_HOME/aimlock, else ~/.cache/aimlock, else a folder of this user below the temporary folder.
    [[nodiscard]] std::filesystem::path cache_folder() const;
};

/// The content of a file, nullopt where it cannot be read.
std::optional<std::string> read_whole_file(const std::filesystem::path& file);

}  // namespace aimlock
