#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/environment.hpp"
#include "fetch/registry/login.hpp"
#include "fetch/transfer.hpp"
#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// What an `oci://` address of a conda channel stands for: "oci://HOST/PATH/linux-64/repodata.json" the
/// artifact of that name, "oci://HOST/PATH/linux-64/numpy-2.0-0.conda" that of the package.
struct RegistryPlace {
    std::string host;  ///< with its port
    std::string repository;

    [[nodiscard]] std::string text() const { return host + "/" + repository; }
};
/// Fails with code `repodata` where no repository can have that name.
Result<RegistryPlace> registry_place_of(std::string_view url);

/// A layer of a repodata artifact.
struct RepodataLayer {
    Sha256 digest;
    bool is_gzip = false;  ///< others tell by their first bytes how they are compressed
};
/// Of the layers in a manifest the form of repodata to read; fails with code `repodata` where
/// there is none. `artifact` is for messages.
Result<RepodataLayer> find_repodata_layer(std::string_view manifest, std::string_view artifact);

/// GETs for everybody: what is at `oci://` is asked of its registry, with the token that it wants; the rest
/// is passed on. Logins go to the registry and to the token server that it names. Thread-safe.
class RegistryReader {
public:
    RegistryReader(Transfer& transfer, const Environment& environment)
        : transfer_(transfer), environment_(environment) {}

    /// As Transfer::start. A repodata artifact is answered as a server would have answered: its layer's
    /// digest is the ETag, and a 304 says that If-None-Match named it. A layer of another digest is an error.
    void get_document(HttpRequest request, Transfer::Done done);
    /// As Transfer::start, for an archive of that digest: of a registry no manifest is needed.
    void get_archive(HttpRequest request, const Sha256& digest, Transfer::Done done);

private:
    struct Pull;
    /// `path`: what follows the repository, "blobs/sha256:…".
    void pull(const RegistryPlace& place, std::string_view path, HttpRequest request, Transfer::Done done);
    void send(const std::shared_ptr<Pull>& pull);
    void answered(const std::shared_ptr<Pull>& pull, Result<HttpResponse> response);
    void authorize(const std::shared_ptr<Pull>& pull, const AuthChallenge& challenge);
    void get_layer(const RegistryPlace& place,
                   const RepodataLayer& layer,
                   HttpRequest request,
                   Transfer::Done done);

    Transfer& transfer_;
    const Environment& environment_;
    std::mutex mutex_;
    std::map<std::string, std::string> headers_;       // by place: what its registry accepted last
    std::map<std::string, AuthChallenge> challenges_;  // by host: it asks for a token for every repository
};

}  // namespace aimlock
