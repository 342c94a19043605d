// (1) The exact reasoning of prune.hpp over the unpruned problem usually ends in a contradiction by itself;
// its record of who killed whom is walked back from the empty key to lines of the manifest. (2) Where it does
// not, it is tried on each candidate of one requirement in turn: if every one of them ends in a
// contradiction, these are the reasons, case by case.
#include "solver/engine/reason_chain.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "solver/engine/reason_text.hpp"

namespace aimlock::engine {
namespace {

constexpr std::size_t longest_chain = 12;
constexpr std::size_t most_cases = 60;    // candidates of a requirement that is split into cases
constexpr std::size_t most_trials = 240;  // of the reasoning, over all requirements
constexpr std::size_t most_told = 3;      // cases that are told in full

class Chain {
public:
    Chain(TargetSolver& solver, const EncodedRound& round, const Pruning& pruning)
        : text_(solver, round), round_(round), pruning_(pruning) {}

    std::vector<std::string> write() {
        follow_force(pruning_.empty_key);
        explain_empty(pruning_.empty_key);
        return std::move(lines_);
    }
    void blame(ReasonChain& chain) const {
        chain.names_cuda = chain.names_cuda || text_.names_cuda();
        chain.blamed.python = chain.blamed.python || text_.blamed().python;
        chain.blamed.channel_priority = chain.blamed.channel_priority || text_.blamed().channel_priority;
        chain.blamed.prerelease = chain.blamed.prerelease || text_.blamed().prerelease;
        chain.blamed.sources.insert(text_.blamed().sources.begin(), text_.blamed().sources.end());
    }

private:
    void say(std::string line) {
        if (lines_.size() < longest_chain && said_.insert(line).second) lines_.push_back(std::move(line));
    }

    // From a requirement of the manifest down to `key`: each step is what all candidates of the one before
    // need.
    void follow_force(KeyId key) {
        if (!followed_.insert(key).second) return;
        const Forced& forced = pruning_.forced[key];
        if (!forced.forced || forced.is_job) return;
        follow_force(forced.by);
        say(text_.candidates(forced.by, pruning_) + " needs " + text_.key(key));
    }

    // Why no provider of `key` can be there.
    void explain_empty(KeyId key) {
        if (!explained_.insert(key).second || lines_.size() >= longest_chain) return;
        const auto& providers = round_.problem.keys[key];
        if (providers.empty()) return say(text_.nothing_provides(key));
        std::set<std::pair<Death::Why, KeyId>> told;
        std::set<KeyId> causes;
        std::optional<SolvableId> alike;
        for (const SolvableId id : providers) {
            const Death& death = pruning_.deaths[id];
            if (text_.is_way_out(key, id)) continue;
            if (!told.emplace(death.why, death.key).second) continue;
            switch (death.why) {
                case Death::Why::alive:
                    break;
                case Death::Why::carried:
                    follow_force(death.key);
                    say(text_.name(id) + " must come from conda: " + text_.asker(death.key, pruning_) +
                        " asks for it");
                    say(text_.both(id, death.key, key));
                    break;
                case Death::Why::rival:
                    follow_force(death.key);
                    say(text_.both(id, death.key, key));
                    break;
                case Death::Why::excluded:
                    say(text_.excluded(death.by, death.key, text_.providers_dead_by(key, death, pruning_)));
                    break;
                case Death::Why::unmet:
                    if (!causes.insert(cause_of(death.key)).second) {
                        alike = id;
                        break;
                    }
                    say(text_.providers_dead_by(key, death, pruning_) + " needs " + text_.key(death.key));
                    explain_empty(death.key);
                    break;
            }
        }
        if (alike) say("it is the same with every other candidate of " + text_.name(*alike));
    }

    // The key at the end of a chain of unmet requirements, by each first candidate: what the deaths come down
    // to.
    KeyId cause_of(KeyId key) const {
        for (std::size_t steps = 0; steps < round_.problem.keys.size(); ++steps) {
            const auto& providers = round_.problem.keys[key];
            if (providers.empty() || pruning_.deaths[providers.front()].why != Death::Why::unmet) break;
            key = pruning_.deaths[providers.front()].key;
        }
        return key;
    }

    ReasonText text_;
    const EncodedRound& round_;
    const Pruning& pruning_;
    std::vector<std::string> lines_;
    std::set<std::string> said_;
    std::set<KeyId> followed_;
    std::set<KeyId> explained_;
};

// The round in which one provider is assumed to be installed, for as long as this lives.
class Assumption {
public:
    Assumption(EncodedRound& round, SolvableId id) : round_(round) {
        const Origin& origin = round.origins[id];
        KeyMeaning meaning{KeyMeaning::Kind::goal, 0, 0};
        if (origin.kind == Origin::Kind::record) meaning = {KeyMeaning::Kind::record, origin.index, 0};
        if (origin.kind == Origin::Kind::release)
            meaning = {KeyMeaning::Kind::exact_release, origin.project, origin.release};
        round.problem.jobs.push_back(round.add_key(meaning, {id}));
    }
    ~Assumption() {
        round_.problem.jobs.pop_back();
        round_.problem.keys.pop_back();
        round_.meanings.pop_back();
    }
    Assumption(const Assumption&) = delete;
    Assumption& operator=(const Assumption&) = delete;

private:
    EncodedRound& round_;
};

/// A requirement and its candidates that may be part of an answer for all that is known.
struct Split {
    KeyId key = 0;
    std::vector<SolvableId> live;
};

std::vector<Split> splits(const EncodedRound& round, const Pruning& pruning) {
    std::vector<Split> found;
    std::set<KeyId> seen;
    for (const KeyId key : round.problem.jobs) {
        if (!seen.insert(key).second) continue;
        Split split{key, {}};
        for (const SolvableId id : round.problem.keys[key]) {
            if (pruning.alive(id)) split.live.push_back(id);
        }
        if (split.live.size() > 1 && split.live.size() <= most_cases) found.push_back(std::move(split));
    }
    std::ranges::stable_sort(found, {}, [](const Split& split) { return split.live.size(); });
    return found;
}

// Tells of each candidate of the split why it cannot be; false where one of them can be, for all that is
// known.
bool tell_cases(TargetSolver& solver, EncodedRound& round, const Split& split, ReasonChain& chain) {
    std::set<std::string> called;
    std::set<std::vector<std::string>> reasons;
    for (const SolvableId id : split.live) {
        const std::string candidate = ReasonText(solver, round).solvable(id);
        const Assumption assumption(round, id);
        const Pruning pruning = prune(round.problem);
        if (!pruning.contradiction) return false;
        Chain of_case(solver, round, pruning);
        const std::vector<std::string> lines = of_case.write();
        of_case.blame(chain);
        if (!called.insert(candidate).second || !reasons.insert(lines).second) continue;
        if (reasons.size() > most_told) continue;
        chain.lines.push_back("with " + candidate + ":");
        for (const std::string& line : lines) chain.lines.push_back("  " + line);
    }
    if (called.size() > std::min(reasons.size(), most_told))
        chain.lines.push_back("and it is the same with every other candidate of " +
                              ReasonText(solver, round).name(split.live.front()));
    return true;
}

}  // namespace

ReasonChain reason_chain(TargetSolver& solver, EncodedRound& round) {
    ReasonChain chain;
    const Pruning pruning = prune(round.problem);
    if (pruning.contradiction) {
        Chain certain(solver, round, pruning);
        chain.lines = certain.write();
        certain.blame(chain);
        return chain;
    }
    std::size_t trials = 0;
    for (const Split& split : splits(round, pruning)) {
        trials += split.live.size();
        if (trials > most_trials) break;
        ReasonChain cases;
        if (tell_cases(solver, round, split, cases)) return cases;
    }
    return chain;
}

}  // namespace aimlock::engine
