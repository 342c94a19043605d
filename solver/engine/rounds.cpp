#include "solver/engine/rounds.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "solver/engine/askers.hpp"
#include "solver/engine/encoding_goals.hpp"
#include "solver/engine/solve_round.hpp"

namespace aimlock::engine {
namespace {

// Far beyond what any request needs (the worst known takes 25); a guard against a loop that no longer learns.
constexpr std::uint64_t max_rounds = 2000;

// That a document nobody has read yet names a yanked release or a pre-release is rare, and every such release
// fits while that is hoped: a search without an end where there are hundreds.
constexpr std::uint64_t most_rounds_of_hope = 8;

RoundsAnswer without_goals(RoundsAnswer answer) {
    bool any = false;
    for (const SolvableId id : answer.installed) {
        const Origin& origin = answer.round.origins[id];
        if (origin.kind != Origin::Kind::goal) continue;
        any = true;
        if (origin.index > 0) answer.step = origin.index - 1;
    }
    if (any) drop_what_only_goals_want(answer.round, answer.installed);
    return answer;
}

}  // namespace

Result<std::optional<RoundsAnswer>> Rounds::run(const RoundsInput& input) {
    windows_.hope_for_names = false;
    auto answer = find(input);
    if (answer && !*answer && input.hope_for_names) {
        windows_.hope_for_names = true;
        answer = find(input);
        windows_.hope_for_names = false;
    }
    return answer;
}

Result<void> Rounds::look_ahead(const RoundsInput& input) {
    // Less what conda may well supply.
    std::set<ProjectId> maybe_conda;
    for (const auto& [name, carriers] : input.conda->identities) maybe_conda.insert(pypi_.project(name));
    discovery_.set_supplied(std::move(maybe_conda));
    // What is locked is most likely asked for again, and whether its release still exists counts.
    for (const auto& [project, version] : pypi_.preferred) discovery_.guess_page(project);
    for (const PypiJob& job : input.jobs) {
        discovery_.want_page(pypi_.dependency(job.dependency).project);
        discovery_.follow(job.dependency);
    }
    return discovery_.settle();
}

Result<std::optional<RoundsAnswer>> Rounds::find(const RoundsInput& input) {
    if (auto read = look_ahead(input); !read) return tl::make_unexpected(read.error());
    steps_of_trial_.clear();

    for (std::uint64_t round = 0; round < max_rounds; ++round) {
        if (input.most_rounds != 0 && round == input.most_rounds) return std::nullopt;
        if (windows_.hope_for_names && round == most_rounds_of_hope) return std::nullopt;
        progress_.status("round " + std::to_string(++stats_.rounds));
        std::optional<RoundsAnswer> answer = solve_near(input);
        if (!answer) answer = solve_once(input);
        if (!answer) return std::nullopt;
        keep_near(*answer);
        const Unknown unknown = unknowns(*answer);
        if (unknown.none()) {
            auto settled = settle_wheels(*answer);
            if (!settled) return tl::make_unexpected(settled.error());
            if (*settled) return without_goals(*std::move(answer));
            continue;
        }
        discovery_.set_supplied(supplied_by_conda(*answer));
        // A trial looks for what is hardly ever there: it reads what it must and guesses next to nothing.
        const bool guess = input.goals.steps.empty();
        floor_ = most_likely_floor(*answer);
        widen_tails(unknown, *answer, input.filter, guess);
        ask(unknown, guess);
        if (guess) walk_ahead(*answer, unknown);
        if (auto settled = discovery_.settle(); !settled) return tl::make_unexpected(settled.error());
    }
    return fail(ErrorCode::internal,
                "the solve did not come to an end after " + std::to_string(max_rounds) + " rounds");
}

bool Rounds::may_be_solvable(const RoundsInput& input) {
    windows_.hope_for_names = input.hope_for_names;
    ++stats_.rounds;
    const bool may_be = solve_once(input).has_value();
    windows_.hope_for_names = false;
    return may_be;
}

// Most rounds teach something about wheels that leaves conda's half as it was. So a round first asks for an
// answer among the records of the last one: a problem of hundreds of solvables and not ten thousand. An
// answer there is an answer; only "no" has to be asked again of all records.
std::optional<RoundsAnswer> Rounds::solve_near(const RoundsInput& input) {
    if (!near_) return std::nullopt;
    const CondaPart part = only_records(*input.conda, *near_);
    RoundsInput close = input;
    close.conda = &part;
    return solve_once(close);
}

void Rounds::keep_near(const RoundsAnswer& answer) {
    near_.emplace();
    for (const SolvableId id : answer.installed) {
        const Origin& origin = answer.round.origins[id];
        if (origin.kind == Origin::Kind::record) near_->insert(origin.index);
    }
}

std::set<ProjectId> Rounds::supplied_by_conda(const RoundsAnswer& answer) {
    std::set<ProjectId> supplied;
    for (const SolvableId id : answer.installed) {
        const Origin& origin = answer.round.origins[id];
        if (origin.kind != Origin::Kind::record) continue;
        for (const Identity& identity : conda_[origin.index].identities)
            supplied.insert(pypi_.project(identity.name));
    }
    return supplied;
}

std::optional<RoundsAnswer> Rounds::solve_once(const RoundsInput& input) {
    RoundsAnswer answer;
    answer.round = encode_round(input, pypi_, windows_);
    stats_.solvables = std::max<std::uint64_t>(stats_.solvables, answer.round.problem.solvables.size());
    do {
        auto installed = solve_round(answer.round, stats_.solve_ms);
        if (!installed) return std::nullopt;
        answer.installed = *std::move(installed);
    } while (refuse_unasked(answer.round, answer.installed));
    if (!pypi_.pythons().from_conda && !pypi_.pythons().candidates.empty()) answer.python = 0;
    for (std::size_t p = 0; p < input.conda->pythons.size(); ++p) {
        for (const SolvableId python : input.conda->pythons[p]) {
            if (std::ranges::binary_search(answer.installed, python)) answer.python = p;
        }
    }
    return answer;
}

Rounds::Unknown Rounds::unknowns(const RoundsAnswer& answer) const {
    Unknown unknown;
    for (const SolvableId id : answer.installed) {
        const Origin& origin = answer.round.origins[id];
        switch (origin.kind) {
            case Origin::Kind::unknown:
            case Origin::Kind::unknown_extra:
                unknown.pages.insert(origin.project);
                break;
            case Origin::Kind::tail:
                unknown.tails.insert(origin.project);
                break;
            case Origin::Kind::release:
            case Origin::Kind::extra:
                if (!pypi_[origin.project].releases[origin.release].requirements) {
                    unknown.releases.emplace(origin.project, origin.release);
                }
                break;
            default:
                break;
        }
    }
    return unknown;
}

// The newest release that a window gains is what the next round is most likely to choose.
void Rounds::widen_tails(const Unknown& unknown,
                         const RoundsAnswer& answer,
                         const ReleaseFilter& filter,
                         bool guess) {
    for (const ProjectId project : unknown.tails) {
        std::set<ReleaseId>& window = windows_.releases[project];
        const std::size_t more = std::max(windows_.width, window.size());
        for (const std::uint32_t specifiers : answer.round.tail_specifiers.at(project)) {
            std::size_t added = 0;
            for (const ReleaseId release : windows_.candidates(pypi_, filter, project, specifiers)) {
                if (added == more) break;
                if (!window.insert(release).second) continue;
                if (guess && added == 0) {
                    ask_older(project, release);
                    discovery_.want_metadata(project, release, false);
                }
                ++added;
            }
        }
    }
}

// The oldest direct requirement of an answer, less a month; 0 where dates are not wished for.
Grade Rounds::most_likely_floor(const RoundsAnswer& answer) {
    constexpr Grade month = Grade{30} * 24 * 3600 * 1000;
    Grade oldest = best_grade;
    for (const auto& wish : answer.round.wishes) {
        for (const auto& [id, date] : wish) {
            if (date > 0 && std::ranges::binary_search(answer.installed, id)) oldest = std::min(oldest, date);
        }
    }
    return oldest == best_grade ? 0 : oldest - month;
}

void Rounds::ask(const Unknown& unknown, bool guess) {
    constexpr unsigned patient_steps = 2;  // of a trial, before it reads ahead
    constexpr std::size_t ahead = 2;
    for (const ProjectId project : unknown.pages) discovery_.want_page(project);
    for (const auto& [project, release] : unknown.releases) {
        if (guess) ask_older(project, release);
        if (!guess && ++steps_of_trial_[project] > patient_steps) ask_next(project, release, ahead);
        discovery_.want_metadata(project, release, true);
    }
}

// A project that walks down one release a round would cost a round and a round trip each: from its second
// step on, ask for older releases, too. What is older than every direct requirement is hardly ever the end of
// a walk: of those only a few.
void Rounds::ask_older(ProjectId project, ReleaseId chosen) {
    constexpr std::array<std::size_t, 4> batches{1, 3, 7, 12};
    const auto& releases = pypi_[project].releases;
    const bool below_known =
        std::any_of(releases.begin(), releases.begin() + chosen,
                    [](const Release& release) { return release.requirements.has_value(); });
    if (!below_known) return;
    const std::size_t steps = ++steps_down_[project];
    if (steps < 2) return;
    ask_next(project, chosen, batches[std::min(steps - 2, batches.size() - 1)]);
}

void Rounds::ask_next(ProjectId project, ReleaseId chosen, std::size_t wanted) {
    constexpr std::size_t few = 3;
    const auto& releases = pypi_[project].releases;
    for (ReleaseId older = chosen + 1; older < releases.size() && wanted > 0; ++older) {
        const Release& release = releases[older];
        if (release.yanked || (release.prerelease && !pypi_[project].only_prereleases)) continue;
        if (release.uploaded_ms != 0 && release.uploaded_ms < floor_) wanted = std::min(wanted, few);
        discovery_.want_metadata(project, older, false);
        windows_.releases[project].insert(older);
        --wanted;
    }
}

void Rounds::walk_ahead(const RoundsAnswer& answer, const Unknown& unknown) {
    for (const auto& [dependency, key] : answer.round.dependency_keys) {
        if (unknown.pages.contains(pypi_.dependency(dependency).project)) discovery_.follow(dependency);
    }
    for (const SolvableId id : answer.installed) {
        const Origin& origin = answer.round.origins[id];
        if (origin.kind != Origin::Kind::release && origin.kind != Origin::Kind::extra) continue;
        const auto& known = pypi_[origin.project].releases[origin.release].requirements;
        if (!known) continue;
        const ReleaseRequirements requirements = *known;
        const auto follow_unknown = [&](const std::vector<DependencyId>& dependencies) {
            for (const DependencyId dependency : dependencies) {
                const Project& project = pypi_[pypi_.dependency(dependency).project];
                const bool nothing_known = std::ranges::none_of(project.releases, [](const Release& release) {
                    return release.requirements.has_value();
                });
                if (nothing_known) discovery_.follow(dependency);
            }
        };
        if (origin.kind == Origin::Kind::release) {
            follow_unknown(requirements.base);
        } else if (const auto found = requirements.by_extra.find(origin.extra);
                   found != requirements.by_extra.end()) {
            follow_unknown(found->second);
        }
    }
}

// The metadata of one wheel stood for its release. Where another wheel is the one that will be installed, its
// own document decides: if it asks for something else, it holds for the Pythons that use this wheel, and the
// loop goes on. True when nothing changed.
Result<bool> Rounds::settle_wheels(const RoundsAnswer& answer) {
    bool unchanged = true;
    if (!answer.python) return true;
    for (const SolvableId id : answer.installed) {
        const Origin& origin = answer.round.origins[id];
        if (origin.kind != Origin::Kind::release) continue;
        const Release& release = pypi_[origin.project].releases[origin.release];
        const std::uint32_t used = release.wheel_of[pypi_.pythons().candidates[*answer.python].tag_set];
        if (used == release.metadata_wheel) continue;
        if (!wheels_checked_.emplace(origin.project, origin.release, used).second) continue;
        auto metadata = discovery_.metadata_of(pypi_[origin.project].page.wheels[used]);
        if (!metadata) return tl::make_unexpected(metadata.error());
        if (metadata->requires_dist == release.metadata->requires_dist &&
            metadata->build_requires == release.metadata->build_requires && metadata->unusable.empty()) {
            continue;
        }
        pypi_.add_other_document(origin.project, origin.release, used, *std::move(metadata));
        unchanged = false;
    }
    return unchanged;
}

}  // namespace aimlock::engine
