#pragma once

#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// Where an image lies in a registry: "registry.example:5000/team/image:1.0".
struct RegistryReference {
    std::string host;  ///< with its port
    std::string repository;
    std::string tag;

    /// https; plain http for this machine itself, as container engines do.
    [[nodiscard]] std::string origin() const;
    [[nodiscard]] std::string text() const { return host + "/" + repository + ":" + tag; }
};

/// Reads a reference. The registry must be named (no host is anybody's default here), the tag may be left out
/// ("latest"); a digest is refused, since it is what a push finds out.
Result<RegistryReference> read_registry_reference(std::string_view text);

/// Whether `name` is a repository's: lower-case words joined by `/`.
bool is_repository(std::string_view name);

/// Whether a host, with or without a port, is this machine.
bool is_loopback(std::string_view host);

}  // namespace aimlock
