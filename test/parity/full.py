"""Full fine-tuning: cross-entropy, the optimizer of torch.optim, batch norm in the run's mode."""
from common import cross_entropy, main


def train(case):
    net = case.network()
    optimizer = case.optimizer(net)
    if case.mistake("decay left out"):
        for group in optimizer.param_groups:
            group["weight_decay"] = 0
    if case.mistake("one rate for all"):
        for group in optimizer.param_groups:
            group["base"] = case.train["optimizer"]["rate"]
    losses = []
    for step, micro in enumerate(case.batches()):
        modes = case.phase(step)["batchNorm"]
        if case.mistake("running statistics"):
            modes = {layer: "eval_affine" for layer in modes}
        optimizer.zero_grad(set_to_none=True)
        total = 0
        for images, labels, _ in micro:
            logits, _ = net.run(images, modes)
            loss = cross_entropy(logits, labels) / len(micro)
            loss.backward()
            total += loss.item()
        case.clip(net)
        case.set_rates(optimizer, step)
        optimizer.step()
        losses.append(total)
    return case.result(losses, net.values)


main(train)
