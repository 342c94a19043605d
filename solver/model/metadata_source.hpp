#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/model/gpu_code.hpp"
#include "solver/model/release.hpp"
#include "solver/model/request.hpp"

namespace aimlock {

/// An answer of the source to `ask_page`.
struct PageArrived {
    std::string name;
    Result<ProjectPage> page;
};
/// An answer of the source to `ask_metadata`.
struct MetadataArrived {
    std::string wheel_url;
    Result<CoreMetadata> metadata;
};
using Arrival = std::variant<PageArrived, MetadataArrived>;

/// What reading all of a file told of it.
struct FileDigest {
    Sha256 sha256;
    std::uint64_t size_bytes = 0;
};

/// What was asked of the outside, for `stats`.
struct FetchCounts {
    std::uint64_t index_requests = 0;
    std::uint64_t metadata_requests = 0;
    std::uint64_t bytes = 0;  ///< of bodies, as received
};

/// Where the solver gets PyPI's metadata: the live index, a cache, or a table in memory. Questions run in
/// parallel and are answered in any order; the solver's answer does not depend on that order.
class MetadataSource {
public:
    virtual ~MetadataSource() = default;
    /// Asks for a page. Each name is asked at most once by a caller.
    virtual void ask_page(const std::string& normalized_name) = 0;
    /// Asks for the core metadata of a wheel of a page that arrived.
    virtual void ask_metadata(const WheelFile& wheel) = 0;
    /// Waits for the next answer. Precondition: pending() > 0.
    virtual Arrival wait() = 0;
    /// Questions not yet answered.
    [[nodiscard]] virtual std::size_t pending() const = 0;
    [[nodiscard]] virtual FetchCounts counts() const = 0;
    /// What the libraries of these wheels say of CUDA, in their order; waits. Empty: this source reads no
    /// wheels.
    virtual std::vector<Result<WheelCode>> read_code(const std::vector<WheelFile>& wheels) = 0;
    /// Hash and size of a file that is listed without a hash: all of it is read; waits.
    virtual Result<FileDigest> read_digest(const WheelFile& file) = 0;
    /// A source of the same documents that keeps the wheels whose file names `keep` accepts, for a question
    /// about other Pythons than the request's; null: there is none.
    [[nodiscard]] virtual std::unique_ptr<MetadataSource> keeping(
        std::function<bool(std::string_view)> keep) const = 0;
    /// A source of the same documents where `policy` says what may be built from source; null: there is none.
    [[nodiscard]] virtual std::unique_ptr<MetadataSource> building(const SourcePolicy& policy) const = 0;
};

}  // namespace aimlock
