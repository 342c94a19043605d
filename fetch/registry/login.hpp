#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/environment.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// What a registry wants to be shown, from its WWW-Authenticate header.
struct AuthChallenge {
    bool bearer = false;  ///< else Basic
    std::string realm;
    std::string service;
};
/// nullopt for schemes that we do not speak.
std::optional<AuthChallenge> read_challenge(std::string_view header);

/// Where the registry `host` wants a token for `scopes` to be asked for. Fails where a login would go there
/// without https; this machine alone may speak to itself so.
Result<std::string> token_url(const AuthChallenge& challenge,
                              const std::string& host,
                              const std::vector<std::string>& scopes);
/// The header to send with the token in a token server's answer.
Result<std::string> token_header(const std::string& answer, const std::string& host);

/// "user:password" for the registry `host`, from what `docker login` or `podman login` wrote
/// (REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json, $DOCKER_CONFIG/config.json), else from netrc.
/// Programs that keep passwords (credsStore) are not asked.
std::optional<std::string> registry_user(const Environment& environment, const std::string& host);

/// Base64 without line ends. Never for anything but a header.
std::string basic_header(std::string_view user_and_password);

/// The header that a registry accepted last, shared by all connections to it.
class Authorization {
public:
    [[nodiscard]] std::string header() const;
    void set(std::string header);

private:
    mutable std::mutex mutex_;
    std::string header_;
};

}  // namespace aimlock
