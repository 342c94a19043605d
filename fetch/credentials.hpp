#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/environment.hpp"

namespace aimlock {

/// Who we are to which host. Learned from URLs that carry a user or a conda token, and from the user's netrc;
/// handed only to curl, for the origin it was given for. Never printed, never stored. Thread-safe.
class Credentials {
public:
    explicit Credentials(const Environment& environment);

    /// Takes user, password and token out of `url` and returns it without them.
    std::string learn(std::string_view url);
    /// "user:password" for this URL's origin; nullopt: none known.
    [[nodiscard]] std::optional<std::string> user_for(std::string_view url) const;
    /// `url` with the conda token of its channel put back; unchanged where none is known.
    [[nodiscard]] std::string with_token(std::string_view url) const;

private:
    void read_netrc(std::string_view text);

    mutable std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> users_;        // origin -> user:password, decoded
    std::map<std::string, std::string, std::less<>> netrc_users_;  // host without port -> user:password
    std::map<std::string, std::string, std::less<>> tokens_;       // origin -> token
};

}  // namespace aimlock
