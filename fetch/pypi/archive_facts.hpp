#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fetch/session.hpp"
#include "solver/model/release.hpp"

namespace aimlock {

/// An archive whose content is asked for: a wheel, sources, or the tree of a commit ("git+…@<commit>").
struct ArchiveQuestion {
    std::string url;
    ArtifactKind kind = ArtifactKind::sdist;
    Sha256 sha256;             ///< what it must have; not known: whatever it has
    std::string subdirectory;  ///< of sources
};

/// What reading all of an archive told.
struct ArchiveFacts {
    Sha256 sha256;
    std::uint64_t size_bytes = 0;
    CoreMetadata metadata;
};

/// Downloads archives to learn what they hold, where nothing less will do: sources (no index serves their
/// metadata) and wheels whose address states no hash. The archive goes into the store, so that an
/// installation finds it there; what was learned goes into the cache, and is kept for ever where the hash was
/// known, else for as long as the server lets it. Never runs anything of them. Thread-safe.
class ArchiveReader {
public:
    using Done = std::function<void(Result<ArchiveFacts>)>;
    ArchiveReader(FetchSession& session, SourceProjectReader read_project);

    /// The facts where the cache has them; nullopt: `ask`.
    std::optional<ArchiveFacts> at_hand(const ArchiveQuestion& question);
    /// `done` is called once, on a worker. Sources that break a rule of archives are facts, too: unusable.
    void ask(const ArchiveQuestion& question, Done done);
    /// Archives that were asked of a server.
    [[nodiscard]] std::uint64_t requests() const { return shared_->requests.load(); }

private:
    struct Shared {
        FetchSession& session;
        SourceProjectReader read_project;
        std::atomic<std::uint64_t> requests{0};
    };
    [[nodiscard]] static DocumentRequest request_for(const std::shared_ptr<Shared>& shared,
                                                     const ArchiveQuestion& question);
    static Result<ArchiveFacts> read_commit(Shared& shared, const ArchiveQuestion& question);
    static void ask(const std::shared_ptr<Shared>& shared,
                    const ArchiveQuestion& question,
                    unsigned attempt,
                    Done done);

    std::shared_ptr<Shared> shared_;
};

}  // namespace aimlock
