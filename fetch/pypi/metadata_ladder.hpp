#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "fetch/session.hpp"
#include "solver/model/release.hpp"

namespace aimlock {

/// Gets a wheel's METADATA by the cheapest way its index offers, without downloading the wheel where that can
/// be avoided:
///
/// 1. the cache, by the wheel's sha256: metadata of a hash never changes;
/// 2. `<url>.metadata` where the page announces it, its hash checked;
/// 3. `<url>.metadata` where it does not: many servers have it all the same. A host that answers fewer than
/// half of its
///    first eight is not asked this way again;
/// 4. the last 64 KiB of the wheel: the ZIP directory, and in nine of ten wheels METADATA too; then what is
/// missing;
/// 5. the whole wheel, its sha256 checked.
///
/// No HEAD: the page says the size, or the first range does. Thread-safe; lives as long as what it was asked.
class MetadataLadder {
public:
    using Done = std::function<void(Result<CoreMetadata>)>;
    explicit MetadataLadder(FetchSession& session);
    ~MetadataLadder();

    /// The metadata where the cache, or the folder of a local wheel, has it beside the wheel: fast enough for
    /// the asking thread. nullopt: `ask`.
    std::optional<CoreMetadata> at_hand(const WheelFile& wheel) const;
    /// `done` is called once, on a worker.
    void ask(const WheelFile& wheel, Done done);
    /// Requests that were sent for metadata.
    [[nodiscard]] std::uint64_t requests() const;

private:
    class Climb;
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace aimlock
