#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fetch/environment.hpp"
#include "fetch/registry/http_call.hpp"
#include "fetch/registry/login.hpp"
#include "fetch/registry/reference.hpp"
#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// A blob to be in a repository.
struct RegistryBlob {
    Sha256 digest;
    std::uint64_t size_bytes = 0;
    std::filesystem::path file;
};

/// How a blob came to be there.
enum class BlobOutcome : std::uint8_t {
    present,   ///< it was there
    mounted,   ///< taken over from another repository of the registry: no byte was sent
    uploaded,  ///< sent
};

struct RegistryOptions {
    RegistryReference reference;
    std::vector<std::string> mount_from;  ///< repositories of the same registry that may hold the blobs
    Environment environment;
    std::uint64_t chunk_bytes = std::uint64_t{64}
                                << 20U;  ///< bigger blobs are sent in pieces, each tried again
    unsigned tries = 4;
    unsigned retry_base_ms = 250;
};

/// A repository that an image is pushed to, over one connection: one a thread, all with one `Authorization`.
/// The login goes to the registry and to the token server that the registry names, nowhere else; plain http
/// is for this machine alone.
class RegistryClient {
public:
    static Result<RegistryClient> create(const RegistryOptions& options,
                                         std::shared_ptr<Authorization> authorization);

    /// Asks for the blob, then for a mount from each repository, then sends it.
    Result<BlobOutcome> put_blob(const RegistryBlob& blob);
    /// Puts the manifest under the reference's tag. Fails where the registry took it for another digest.
    Result<void> put_manifest(const std::string& media_type, std::string_view bytes);

private:
    RegistryClient(const RegistryOptions& options,
                   std::string bundle,
                   std::shared_ptr<Authorization> authorization)
        : options_(&options), connection_(std::move(bundle)), authorization_(std::move(authorization)) {}

    /// Sends with the authorization, asks for a new one where it is refused, and tries again what may
    /// succeed.
    Result<registry::Answer> send(registry::Call call, std::string_view doing);
    Result<void> authorize(const std::string& challenge);
    Result<std::string> begin_upload(const RegistryBlob& blob, bool& mounted);
    void cancel(const std::string& location);
    Result<void> upload(const RegistryBlob& blob, std::string location);
    Result<void> upload_in_chunks(const RegistryBlob& blob, int file, std::string& location);
    [[nodiscard]] Result<std::string> resolved(const std::string& location) const;
    [[nodiscard]] tl::unexpected<Error> refusal(const registry::Answer& answer, std::string_view doing) const;
    /// Whether an address is the registry's own: a storage elsewhere is not to see the login.
    [[nodiscard]] bool is_ours(const std::string& url) const;
    [[nodiscard]] std::string path(std::string_view rest) const;

    const RegistryOptions* options_;
    registry::HttpConnection connection_;
    std::shared_ptr<Authorization> authorization_;
};

}  // namespace aimlock
